import { type Checkpoint, dequantize, readTensor } from '../formats/index.js';
import type { Trace } from '../trace/index.js';

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
