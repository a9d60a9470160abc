import {
  type ModelPlan,
  readWeightBytes,
  type StoredWeight,
  type WeightName,
  weightShapes,
} from '../architectures/index.js';
import { encodeWeight, formName, type Precision } from '../executors/precision.js';
import { blockValues, byteLengthOf, type Checkpoint, dequantize, type TensorType } from '../formats/index.js';

/** What becomes of the weights of one type in the cpu executor. */
export interface WeightForm {
  /** As the file stores them. */
  readonly type: TensorType;
  /** As the executor holds them: `f32`, `q4`, `q8`, … or `rows as stored`, the embedding, decoded row by row. */
  readonly form: string;
  readonly count: number;
  readonly elements: number;
  /** Memory that the executor holds them in. */
  readonly bytes: number;
  /** √(Σ(held − stored)² / Σ stored²); 0 where they are held exactly. */
  readonly relativeError: number;
}

/** The form that keeps no copy: embedding rows are decoded from the file's bytes when a token needs them. */
const ROWS_AS_STORED = 'rows as stored';

/** Elements that are compared at once, which bounds the memory this takes. */
const SLICE_ELEMENTS = 2 ** 20;

/** Sums of squares over weights of one type and form. */
interface Tally {
  count: number;
  elements: number;
  bytes: number;
  squares: number;
  squaredErrors: number;
}

/** Says for every weight of a plan how the cpu executor would hold it, and measures what that changes. */
export async function weightForms(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  precision: Precision,
): Promise<WeightForm[]> {
  const tallies = new Map<string, Tally & { readonly type: TensorType; readonly form: string }>();
  const add = (type: TensorType, form: string, tally: Tally): void => {
    const key = `${type} ${form}`;
    const sum = tallies.get(key) ?? {
      type,
      form,
      count: 0,
      elements: 0,
      bytes: 0,
      squares: 0,
      squaredErrors: 0,
    };
    tallies.set(key, {
      ...{ type, form, count: sum.count + tally.count },
      elements: sum.elements + tally.elements,
      bytes: sum.bytes + tally.bytes,
      squares: sum.squares + tally.squares,
      squaredErrors: sum.squaredErrors + tally.squaredErrors,
    });
  };

  for (const [name, shape] of weightShapes(plan.blueprint)) {
    const { type } = checkpoint.tensors.get(plan.weights.get(name)!.tensor)!;
    const elements = shape.reduce((product, size) => product * size, 1);
    const exact = { count: 1, elements, squares: 0, squaredErrors: 0 };
    const isVector = shape.length === 1;
    const inputs = shape[1] ?? 1;
    if (isVector) add(type, 'f32', { ...exact, bytes: 4 * elements });
    if (name === 'embedding') add(type, ROWS_AS_STORED, { ...exact, bytes: byteLengthOf(type, elements) });
    if (isVector || (name === 'embedding' && !plan.blueprint.tiedEmbeddings)) continue;

    // The form follows from type and row length, which a weight without rows has too.
    const form = encodeWeight({ type, shape: [0, inputs], bytes: new Uint8Array() }, precision);
    if (form.weight.kind === 'f32') add(type, 'f32', { ...exact, bytes: 4 * elements });
    else add(type, formName(form), await measure(plan, checkpoint, name, precision));
  }
  return [...tallies.values()].map(({ squares, squaredErrors, ...rest }) => ({
    ...rest,
    relativeError: squaredErrors === 0 ? 0 : Math.sqrt(squaredErrors / squares),
  }));
}

/** Encodes a weight slice by slice and holds what comes of it against what is stored. */
async function measure(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  name: WeightName,
  precision: Precision,
): Promise<Tally> {
  const { type, shape, bytes }: StoredWeight = await readWeightBytes(plan, checkpoint, name);
  const [outputs, inputs] = shape as [number, number];
  const rowBytes = byteLengthOf(type, inputs);
  const sliceRows = Math.max(1, Math.floor(SLICE_ELEMENTS / inputs));
  const tally: Tally = { count: 1, elements: outputs * inputs, bytes: 0, squares: 0, squaredErrors: 0 };
  for (let row = 0; row < outputs; row += sliceRows) {
    const rows = Math.min(sliceRows, outputs - row);
    const slice = {
      type,
      shape: [rows, inputs],
      bytes: bytes.subarray(row * rowBytes, (row + rows) * rowBytes),
    };
    const { weight } = encodeWeight(slice, precision);
    const stored = dequantize(type, slice.bytes);
    const held = weight.kind === 'f32' ? weight.values : blockValues(weight.blocks);
    for (let i = 0; i < stored.length; i++) {
      tally.squares += stored[i]! ** 2;
      tally.squaredErrors += (held[i]! - stored[i]!) ** 2;
    }
    if (weight.kind === 'f32') tally.bytes += 4 * held.length;
    else {
      const { bits, scales, offsets } = weight.blocks;
      tally.bytes += (held.length * bits) / 8 + 4 * scales.length + 4 * (offsets?.length ?? 0);
    }
  }
  return tally;
}
