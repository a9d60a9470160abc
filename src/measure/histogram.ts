import type { ShareSpread } from '../statistics/index.js';

/** Bins are equal in the fourth root of a share: narrower than 1e-5 near 0, where most heads are, and 0.004 near 1. */
const BINS = 1024;

/** A histogram of shares in constant memory. */
export interface ShareHistogram {
  add(share: number): void;
  /** Adds the counts of another histogram. */
  merge(other: ShareHistogram): void;
  readonly counts: Readonly<Float64Array>;
  readonly total: ShareTotals;
  /** Median and percentile are accurate to the width of a bin; the rest is exact. NaN if there are no shares. */
  spread(): ShareSpread;
}

interface ShareTotals {
  count: number;
  sum: number;
  above: number;
  below: number;
}

/** Returns an empty histogram. */
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

/** Returns a quantile, interpolated linearly inside its bin. */
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
