import type { TensorInfo } from './checkpoint.js';

/** Returns the number of elements of a shape; null above 2^53, which no file can hold. A scalar `[]` has one. */
export function elementCount(shape: readonly number[]): number | null {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}

/** Returns the tensors of one file in file order. At equal offsets, empty tensors come first. */
export function byOffset(tensors: Iterable<TensorInfo>): TensorInfo[] {
  return [...tensors].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
}

/** Returns the first two tensors that share bytes, or null. Expects the order of `byOffset`. */
export function findOverlap(ordered: readonly TensorInfo[]): readonly [TensorInfo, TensorInfo] | null {
  for (let i = 1; i < ordered.length; i++) {
    const [before, after] = [ordered[i - 1]!, ordered[i]!];
    if (before.offset + before.byteLength > after.offset) return [before, after];
  }
  return null;
}
