import type { ShareSpread } from '../statistics/index.js';

/** Bins over the fourth root of a share: near 0, where most heads are, a bin is finer than 1e-5, near 1 it is 0.004. */
const BINS = 1024;

/** Counts of shares by size, in room that does not grow: how they are spread, to a bin's width. */
export interface ShareHistogram {
  add(share: number): void;
  /** Adds what another has counted. */
  merge(other: ShareHistogram): void;
  readonly counts: Readonly<Float64Array>;
  readonly total: ShareTotals;
  /** Medians and percentiles lie within the bin that holds them; everything else is exact. NaN of none. */
  spread(): ShareSpread;
}

interface ShareTotals {
  count: number;
  sum: number;
  above: number;
  below: number;
}

export function createHistogram(): ShareHistogram {
  const counts = new Float64Array(BINS);
  const total: ShareTotals = { count: 0, sum: 0, above: 0, below: 0 };
  return {
    counts,
    total,
    add(share) {
      counts[Math.min(BINS - 1, Math.floor(BINS * Math.sqrt(Math.sqrt(share))))]!++;
      total.count++;
      total.sum += share;
      if (share > 0.5) total.above++;
      if (share < 0.001) total.below++;
    },
    merge(other) {
      for (const [bin, count] of other.counts.entries()) counts[bin]! += count;
      for (const key of ['count', 'sum', 'above', 'below'] as const) total[key] += other.total[key];
    },
    spread: () => ({
      mean: total.sum / total.count,
      median: quantileOf(counts, total.count, 0.5),
      ninetieth: quantileOf(counts, total.count, 0.9),
      above: total.above / total.count,
      below: total.below / total.count,
    }),
  };
}

/** The share below which a fraction of all lies, linear inside its bin. */
function quantileOf(counts: Float64Array, total: number, fraction: number): number {
  let left = fraction * total;
  for (const [bin, count] of counts.entries()) {
    if (count > 0 && left <= count) {
      const [low, high] = [(bin / BINS) ** 4, ((bin + 1) / BINS) ** 4];
      return low + (high - low) * (left / count);
    }
    left -= count;
  }
  return Number.NaN;
}
