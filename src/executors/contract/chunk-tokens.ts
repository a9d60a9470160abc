import type { Blueprint } from '../../architectures/index.js';

/** The size of the chunks in which an executor takes a long prefill. */
export interface ChunkSize {
  /** Multiply-adds of a chunk. */
  readonly operations: number;
  /** The fewest and the most tokens of a chunk. */
  readonly least: number;
  readonly most: number;
}

/**
 * Returns how many tokens of a long prefill go through the graph at once. It depends only on the model and the
 * position, so that the same prompt is always split, and rounded, the same way.
 * @param parameters of the model @param past tokens in the cache
 */
export function chunkTokens(
  { operations, least, most }: ChunkSize,
  { layers }: Blueprint,
  parameters: number,
  past: number,
): number {
  const attention = layers.reduce(
    (sum, { attention: { heads, headDim, window } }) =>
      sum + 2 * heads * headDim * Math.min(past, window ?? past),
    0,
  );
  const tokens = 2 ** Math.round(Math.log2(operations / (parameters + attention)));
  return Math.min(most, Math.max(least, tokens));
}
