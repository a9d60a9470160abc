import { HoldfastError } from '../errors.js';
import { type Checkpoint, dequantize, readTensor } from '../formats/index.js';
import type { Trace } from './trace.js';

/** A trace to read: in a file, or in memory. */
export interface TraceTensors {
  /** The file, for errors; null in memory. */
  readonly file: string | null;
  /** Each value is JSON. */
  readonly metadata: ReadonlyMap<string, unknown>;
  /** The shapes of the tensors of floats, by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Reads a tensor of {@link shapes}. Do not write to the result. */
  floats(name: string): Promise<Float32Array>;
}

/** Returns a trace that was read from a file. */
export function traceInFile({ name, metadata, tensors }: Checkpoint): TraceTensors {
  const floats = [...tensors].filter(([, { type }]) => type !== 'I64');
  return {
    file: name,
    metadata,
    shapes: new Map(floats.map(([name, { shape }]) => [name, shape])),
    async floats(name) {
      const info = tensors.get(name)!;
      return dequantize(info.type, await readTensor(info));
    },
  };
}

/** Returns a trace as `traceRun` returned it. */
export function traceInMemory({ tensors, metadata }: Trace): TraceTensors {
  const floats = tensors.filter(({ type }) => type === 'F32');
  return {
    file: null,
    metadata: new Map(Object.entries(metadata)),
    shapes: new Map(floats.map(({ name, shape }) => [name, shape])),
    floats: async (name) => floats.find((tensor) => tensor.name === name)!.data as Float32Array,
  };
}

/** A little more than rounding in f32 leaves of a sum. */
const ROUNDING = 1e-3;

/**
 * Reads a tensor of shares of attention. Do not write to the result.
 * @throws HoldfastError `E_TENSOR_VALUE` for a value that is no share
 */
export async function readShares(trace: TraceTensors, name: string): Promise<Float32Array> {
  const values = await trace.floats(name);
  const wrong = values.findIndex((share) => !(share >= -ROUNDING && share <= 1 + ROUNDING));
  if (wrong === -1) return values;
  throw new HoldfastError('E_TENSOR_VALUE', `${values[wrong]} is no share of attention`, {
    ...placeOf(trace),
    field: name,
  });
}

/** Returns the error of a trace that is damaged, or is none. */
export function damagedTrace(trace: TraceTensors, field: string, what: string): HoldfastError {
  return new HoldfastError('E_SAFETENSORS', what, {
    ...placeOf(trace),
    field,
    hint: 'Give a file that holdfast trace wrote',
  });
}

/** Returns the error of a trace whose record and tensors disagree. */
export const unfitTrace = (trace: TraceTensors, field: string, found: string): HoldfastError =>
  damagedTrace(trace, field, `the record does not fit the tensors: found ${found}`);

/** Returns the file of a trace, for an error. */
export const placeOf = ({ file }: TraceTensors): { readonly file?: string } =>
  file === null ? {} : { file };
