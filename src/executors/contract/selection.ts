/**
 * Returns the indices of the `count` largest scores, largest first, the lower index first among equals. Uses a heap of
 * `count` entries instead of sorting the vocabulary.
 * @param scores `[vocab]`
 */
export function largest(scores: Float32Array, count: number): number[] {
  const heap: number[] = [];
  /** Whether index a leaves the heap before index b. */
  const worse = (a: number, b: number): boolean =>
    scores[a]! < scores[b]! || (scores[a] === scores[b] && a > b);

  for (let index = 0; index < scores.length; index++) {
    if (heap.length < count) {
      heap.push(index);
      siftUp(heap, worse);
    } else if (heap.length > 0 && worse(heap[0]!, index)) {
      heap[0] = index;
      siftDown(heap, worse);
    }
  }
  return byScore(heap, scores);
}

/** Sorts indices in place by score, largest first, the lower index first among equals. */
export function byScore(indices: number[], scores: Float32Array): number[] {
  return indices.sort((a, b) => scores[b]! - scores[a]! || a - b);
}

type Worse = (a: number, b: number) => boolean;

/** Moves the last entry up to its place. The worst entry is at the top. */
function siftUp(heap: number[], worse: Worse): void {
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!worse(heap[at]!, heap[parent]!)) return;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

/** Moves the first entry down to its place. */
function siftDown(heap: number[], worse: Worse): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) return;
    if (child + 1 < heap.length && worse(heap[child + 1]!, heap[child]!)) child++;
    if (!worse(heap[child]!, heap[at]!)) return;
    [heap[at], heap[child]] = [heap[child]!, heap[at]!];
    at = child;
  }
}
