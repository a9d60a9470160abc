import type { TensorInfo } from './checkpoint.js';

/** How many elements a shape has; null when more than 2^53, which no file can hold. A scalar `[]` has one. */
export function elementCount(shape: readonly number[]): number | null {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}

/** Tensors of one file in the order in which they lie there; empty ones first among equals. */
export function byOffset(tensors: Iterable<TensorInfo>): TensorInfo[] {
  return [...tensors].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
}

/** The first two tensors that share bytes, if any do. Expects `byOffset`'s order. */
export function findOverlap(ordered: readonly TensorInfo[]): readonly [TensorInfo, TensorInfo] | null {
  for (let i = 1; i < ordered.length; i++) {
    const [before, after] = [ordered[i - 1]!, ordered[i]!];
    if (before.offset + before.byteLength > after.offset) return [before, after];
  }
  return null;
}
