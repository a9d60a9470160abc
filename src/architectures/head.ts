import { type Checkpoint, dequantizeInto, readTensor, type TensorInfo } from '../formats/index.js';
import type { UnusedTensors } from './blueprint.js';
import type { TensorNames } from './tensor-names.js';

/** Elements compared at a time, which bounds memory. */
const SLICE_ELEMENTS = 2 ** 20;

/** Which tensor is the output head. */
interface HeadChoice {
  /** Whether the head is the embedding. */
  readonly tied: boolean;
  readonly names: TensorNames;
  readonly unused: readonly UnusedTensors[];
  readonly notes: readonly string[];
}

/**
 * Chooses the output head as transformers 5 does (`tie_weights`). If the model may be tied and the file has both
 * tensors, their values decide: equal ones are tied, a different head is used. If only one tensor is stored, it is both.
 * @param stated whether the configuration ties the head to the embedding; null if it does not say
 */
export async function chooseHead(
  checkpoint: Checkpoint,
  names: TensorNames,
  stated: boolean | null,
): Promise<HeadChoice> {
  const embedding = checkpoint.tensors.get(names.embedding);
  const head = checkpoint.tensors.get(names.head);
  const choice = { names, unused: [], notes: [] };
  if (stated === false) return { ...choice, tied: false };
  if (head === undefined) return { ...choice, tied: true };
  if (embedding === undefined && stated === true) {
    return { ...choice, tied: true, names: { ...names, embedding: names.head } };
  }
  if (embedding !== undefined && (await sameValues(embedding, head))) {
    const unused = [{ reason: 'equal to the embedding', tensors: [names.head] }];
    return { ...choice, tied: true, unused };
  }
  const note =
    `${checkpoint.name}: ${names.head} differs from the embedding, so it is used as the head, ` +
    'although the configuration ties the two (tie_word_embeddings)';
  return { ...choice, tied: false, notes: stated === true ? [note] : [] };
}

/** Returns whether two tensors hold equal numbers, whatever their types. Stops at the first slice that differs. */
async function sameValues(one: TensorInfo, other: TensorInfo): Promise<boolean> {
  if (one.type === 'I64' || other.type === 'I64') return false;
  if (one.shape.length !== other.shape.length) return false;
  if (one.shape.some((size, axis) => size !== other.shape[axis])) return false;
  const [rows = 0, ...rest] = one.shape;
  const rowElements = rest.reduce((product, size) => product * size, 1);
  const sliceRows = Math.max(1, Math.floor(SLICE_ELEMENTS / rowElements));
  for (let start = 0; start < rows; start += sliceRows) {
    const range = { start, end: Math.min(start + sliceRows, rows) };
    const [a, b] = [await readTensor(one, range), await readTensor(other, range)];
    if (one.type === other.type && sameBytes(a, b)) continue;
    const elements = (range.end - range.start) * rowElements;
    const [x, y] = [new Float32Array(elements), new Float32Array(elements)];
    dequantizeInto(one.type, a, x);
    dequantizeInto(other.type, b, y);
    if (x.some((value, i) => value !== y[i])) return false;
  }
  return true;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
