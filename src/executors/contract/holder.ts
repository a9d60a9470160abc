import {
  type ModelPlan,
  type StoredWeight,
  type WeightName,
  weightShapes,
} from '../../architectures/index.js';
import { blockValues, byteLengthOf, type Checkpoint } from '../../formats/index.js';
import { encodeWeight, formName, heldInHalves, type Precision } from './precision.js';

/** How an executor holds a weight. */
export interface Held {
  /** `f32`, `f16`, `q4+offsets`, …; or `rows as stored` for an embedding whose rows are decoded when they are read. */
  readonly form: string;
  /** Bytes in memory of the executor's own. */
  readonly bytes: number;
  /** Bytes that stay in the mapped file: memory that the system can take back, and that processes share. */
  readonly mappedBytes: number;
  /** The type to which kernels round what they multiply with the weight; null if they keep f32, or it is not known. */
  readonly activations: string | null;
  /** The values of rows after they are brought into the form; null if these are the stored values. */
  readonly valuesOf: ((rows: StoredWeight) => Float32Array) | null;
  /** Does with the weight what loading does beside reading it; null if that is next to nothing. */
  readonly prepare: ((weight: StoredWeight) => void) | null;
}

/** What a weight is used as. A tied embedding is used as a matrix too: as the head. */
export type WeightUse = 'rows' | 'matrix' | 'vector';

/** How an executor would hold a model, found without loading it. */
export interface Holder {
  /** The type of keys and values in the cache. */
  readonly cacheType: 'f32' | 'f16';
  hold(name: WeightName, use: WeightUse): Held;
  dispose(): void;
}

/** A weight that is held as it is, in memory of the executor's own. */
export function heldExactly(form: string, bytes: number): Held {
  return { form, bytes, mappedBytes: 0, activations: null, valuesOf: null, prepare: null };
}

/** What executors that hold weights as blocks of integers, or as floats, differ in. */
interface BlockTraits {
  /** Whether an unquantised matrix is stored as f16 where the precision allows this; else as f32. */
  readonly halves: boolean;
  /** The type to which activations are rounded when they meet blocks; null if they stay f32. */
  readonly activations: string | null;
}

/** The holder of an executor whose matrices are those of {@link encodeWeight}. */
export function blockHolder(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  precision: Precision,
  { halves, activations }: BlockTraits,
): Holder {
  const shapes = new Map(weightShapes(plan.blueprint));
  const hold = (name: WeightName, use: WeightUse): Held => {
    const { type } = checkpoint.tensors.get(plan.weights.get(name)!.tensor)!;
    const shape = shapes.get(name)!;
    const elements = shape.reduce((product, size) => product * size, 1);
    if (use === 'rows') return heldExactly('rows as stored', byteLengthOf(type, elements));
    if (use === 'vector') return heldExactly('f32', 4 * elements);
    const [outputs, inputs] = shape as [number, number];
    const half = heldInHalves(type, precision);
    // The form depends only on type and row length, so a row of zeros is enough to find it.
    const row = encodeWeight(
      { type, shape: [1, inputs], bytes: new Uint8Array(byteLengthOf(type, inputs)) },
      precision,
    );
    if (row.weight.kind === 'f32') {
      return half !== null && halves ? heldExactly(half, 2 * elements) : heldExactly('f32', 4 * elements);
    }
    const { bits, scales, offsets } = row.weight.blocks;
    return {
      ...heldExactly(
        formName(row),
        (elements * bits) / 8 + 4 * outputs * (scales.length + (offsets?.length ?? 0)),
      ),
      activations,
      valuesOf: (rows) => {
        const { weight } = encodeWeight(rows, precision);
        return weight.kind === 'f32' ? weight.values : blockValues(weight.blocks);
      },
    };
  };
  return { cacheType: 'f32', hold, dispose: () => {} };
}
