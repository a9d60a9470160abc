import { HoldfastError } from '../errors.js';
import {
  type Checkpoint,
  dequantize,
  readTensor,
  type TensorInfo,
  type TensorType,
} from '../formats/index.js';
import type { ModelPlan, WeightName, WeightRef } from './blueprint.js';
import { requireFinite } from './finite-weights.js';

/** The stored bytes of a weight, with rows in canonical order. */
export interface StoredWeight {
  readonly type: TensorType;
  /** `[out, in]`, or `[n]` for norms and biases. */
  readonly shape: readonly number[];
  /** Row-major. Quantised blocks run along the input dimension, so a row has whole blocks. Do not write to it. */
  readonly bytes: Uint8Array;
}

/**
 * Reads a weight in canonical form: f32, row-major `[out, in]`, rows in half-split rope order, norms with 1 added where
 * the file omits it.
 * @throws HoldfastError `E_TENSOR_MISSING` for a weight that is not in the plan, `E_TENSOR_VALUE` for one with a NaN or
 * an infinity, `E_TENSOR_TYPE`, `E_UNREADABLE`
 */
export async function readWeight(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  name: WeightName,
): Promise<Float32Array> {
  const { ref, info } = find(plan, checkpoint, name);
  const values = dequantize(info.type, await readRows(info, ref));
  if (ref.addOne === true) for (let i = 0; i < values.length; i += 1) values[i]! += 1;
  return values;
}

/**
 * Reads a weight without decoding it, for executors that keep quantised blocks.
 * @throws HoldfastError `E_UNSUPPORTED` for a norm that needs 1 added, which needs decoding; else as `readWeight`
 */
export async function readWeightBytes(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  name: WeightName,
): Promise<StoredWeight> {
  const { ref, info } = find(plan, checkpoint, name);
  if (ref.addOne === true) {
    throw new HoldfastError(
      'E_UNSUPPORTED',
      `${ref.tensor} (${name}) cannot be read as bytes: 1 must be added to its values`,
      {
        file: checkpoint.name,
        field: ref.tensor,
        hint: 'Read it with readWeight',
      },
    );
  }
  const [rows, ...rest] = info.shape;
  const { start, end } = ref.rows ?? { start: 0, end: rows ?? 0 };
  return { type: info.type, shape: [end - start, ...rest], bytes: await readRows(info, ref) };
}

function find(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  name: WeightName,
): { ref: WeightRef; info: TensorInfo } {
  const ref = plan.weights.get(name);
  const info = ref === undefined ? undefined : checkpoint.tensors.get(ref.tensor);
  if (ref === undefined || info === undefined) {
    throw new HoldfastError('E_TENSOR_MISSING', `the model has no weight ${name}`, {
      file: checkpoint.name,
      field: name,
      ...(name === 'head' && plan.blueprint.tiedEmbeddings
        ? { hint: 'Read the weight "embedding" instead: the head is tied to it' }
        : {}),
    });
  }
  return { ref, info };
}

/** Reads the weight's rows in canonical order. A bias has rows of one element. */
async function readRows(info: TensorInfo, { rows, interleavedHeads }: WeightRef): Promise<Uint8Array> {
  const bytes = await readTensor(info, rows);
  requireFinite(info, bytes, rows?.start);
  const count = rows === undefined ? (info.shape[0] ?? 0) : rows.end - rows.start;
  return interleavedHeads === undefined || count === 0 ? bytes : unpermute(bytes, count, interleavedHeads);
}

/** Reorders rows from interleaved rope pairs to half-split order. */
function unpermute(bytes: Uint8Array, rows: number, heads: number): Uint8Array {
  const rowBytes = bytes.length / rows;
  const headDim = rows / heads;
  const half = headDim / 2;
  const out = new Uint8Array(bytes.length);
  for (let head = 0; head < heads; head += 1) {
    for (let i = 0; i < half; i += 1) {
      for (let j = 0; j < 2; j += 1) {
        const stored = head * headDim + 2 * i + j;
        const canonical = head * headDim + i + j * half;
        out.set(bytes.subarray(stored * rowBytes, (stored + 1) * rowBytes), canonical * rowBytes);
      }
    }
  }
  return out;
}
