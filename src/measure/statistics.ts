import { createRandom } from '../engine/index.js';

/** A statistic with its interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What one cluster (a dialogue) adds to a mean: the sum of its scores, and how many there are. */
export interface Score {
  readonly sum: number;
  readonly count: number;
}

/** A number computed from a sample of clusters, given by their indices; an index may stand there more than once. */
export type Statistic = (drawn: Int32Array) => number;

export interface BootstrapOptions {
  /** 10,000 if not said. */
  readonly resamples?: number;
  readonly seed?: number;
}

const COVERAGE = 0.95;

/**
 * A statistic and its 95 % interval by the percentile bootstrap (Efron 1979) over clusters: whole dialogues are drawn
 * with replacement, because the rounds of one dialogue are not independent. Statistics of two arms that are given the
 * same drawn indices are paired. Resamples in which the statistic is not a number (a mean of nothing) are left out.
 * @param clusters how many there are, from 1
 */
export function bootstrap(
  clusters: number,
  statistic: Statistic,
  { resamples = 10_000, seed = 1 }: BootstrapOptions = {},
): Estimate {
  const drawn = Int32Array.from({ length: clusters }, (_, index) => index);
  const value = statistic(drawn);
  const random = createRandom(seed);
  const values: number[] = [];
  for (let resample = 0; resample < resamples; resample++) {
    for (let index = 0; index < clusters; index++) drawn[index] = Math.floor(random() * clusters);
    const resampled = statistic(drawn);
    if (!Number.isNaN(resampled)) values.push(resampled);
  }
  values.sort((a, b) => a - b);
  return {
    value,
    low: quantile(values, (1 - COVERAGE) / 2),
    high: quantile(values, (1 + COVERAGE) / 2),
  };
}

/** The mean of all scores of the drawn clusters; NaN when they have none. */
export function meanOf(scores: readonly Score[]): Statistic {
  return (drawn) => {
    let sum = 0;
    let count = 0;
    for (const index of drawn) {
      sum += scores[index]!.sum;
      count += scores[index]!.count;
    }
    return sum / count;
  };
}

/** One statistic less another, of the same clusters. */
export function differenceOf(left: Statistic, right: Statistic): Statistic {
  return (drawn) => left(drawn) - right(drawn);
}

/** The least-squares slope of statistics over `x`, each point of equal weight. */
export function slopeOf(points: readonly { readonly x: number; readonly y: Statistic }[]): Statistic {
  const middle = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - middle) ** 2, 0);
  return (drawn) => points.reduce((sum, { x, y }) => sum + (x - middle) * y(drawn), 0) / spread;
}

/** The quantile of sorted values, linear between neighbours; NaN of none. */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
  return low + (high - low) * (at - below);
}
