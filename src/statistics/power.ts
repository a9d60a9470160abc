import { rootOf, studentBeyond, studentCritical } from './distributions.js';
import type { Score } from './statistic.js';

/** Where the search for a number of clusters gives up. */
const MOST_CLUSTERS = 2 ** 40;

/**
 * Returns the fewest clusters with which `pairedPermutation` can be significant: the smallest p of n clusters is 2/2^n.
 * Six at α = 0.05.
 */
export function fewestClusters(alpha = 0.05): number {
  return Math.ceil(1 + Math.log2(1 / alpha));
}

/** A planned paired comparison: one difference per cluster, tested against zero, two-sided. */
export interface PairedDesign {
  /** Standard deviation of the clusters' differences, above 0; {@link clusterDeviation} estimates it from a pilot. */
  readonly standardDeviation: number;
  /** Probability of a false positive; default: 0.05. Divide by the number of tests to plan for Holm's worst case. */
  readonly alpha?: number;
}

/**
 * Returns the probability of finding an effect (a mean difference) with the t test on n clusters' differences:
 * P(|T| > t) with T noncentral t, n − 1 degrees of freedom, shifted by √n·effect / standard deviation. Exact for normal
 * differences; the power of `pairedPermutation` approaches it as n grows (Hoeffding 1952). 0 below {@link fewestClusters}.
 * With a deviation of 0, every cluster shows the effect: 1, if there is one.
 */
export function powerOf({
  effect,
  clusters,
  standardDeviation,
  alpha = 0.05,
}: PairedDesign & { readonly effect: number; readonly clusters: number }): number {
  if (clusters < fewestClusters(alpha)) return 0;
  if (standardDeviation === 0 && Math.abs(effect) > 0) return 1;
  const freedom = clusters - 1;
  const shift = (Math.sqrt(clusters) * Math.abs(effect)) / standardDeviation;
  return studentBeyond(studentCritical(alpha, freedom), freedom, shift);
}

/**
 * Returns the smallest effect that the given number of clusters finds with the given power; an absolute value. `Infinity`
 * below {@link fewestClusters}, where the test finds none; 0 with a deviation of 0.
 */
export function minimalDetectableEffect({
  clusters,
  standardDeviation,
  power = 0.8,
  alpha = 0.05,
}: PairedDesign & { readonly clusters: number; readonly power?: number }): number {
  if (clusters < fewestClusters(alpha)) return Number.POSITIVE_INFINITY;
  const freedom = clusters - 1;
  const critical = studentCritical(alpha, freedom);
  const shift = rootOf((tried) => studentBeyond(critical, freedom, tried) - power);
  return (shift * standardDeviation) / Math.sqrt(clusters);
}

/**
 * Returns the number of clusters, at least {@link fewestClusters}, that finds an effect with the given power; `Infinity` if
 * no number does, NaN if the effect or the deviation is NaN, or if both are 0. A deviation of 0 needs the fewest: every
 * cluster shows the effect.
 */
export function clustersFor({
  effect,
  standardDeviation,
  power = 0.8,
  alpha = 0.05,
}: PairedDesign & { readonly effect: number; readonly power?: number }): number {
  if (Number.isNaN(effect / standardDeviation)) return Number.NaN;
  const enough = (clusters: number): boolean =>
    powerOf({ effect, clusters, standardDeviation, alpha }) >= power;
  let low = fewestClusters(alpha) - 1; // not enough
  let high = low + 1;
  while (!enough(high)) {
    if (high > MOST_CLUSTERS) return Number.POSITIVE_INFINITY;
    [low, high] = [high, 2 * high];
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * Returns the standard deviation of the clusters' differences in a pilot, defined such that the mean difference
 * Σ sum / Σ count has the standard error sd / √n. For equal counts it is the usual deviation of the clusters' means, with
 * n − 1. For unequal counts it is the deviation of the linearised mean, (sum − mean·count) / mean count (Cochran 1977,
 * chapter 6). Clusters without scores are left out.
 */
export function clusterDeviation(differences: readonly Score[]): number {
  const { residuals } = linearised(differences);
  const squares = residuals.reduce((total, residual) => total + residual ** 2, 0);
  return Math.sqrt(squares / (residuals.length - 1));
}

/** A residual below this fraction of the largest sum is rounding: equal differences, such as .1, have none. */
const ROUNDING = 1e-13;

/** Returns the mean Σ sum / Σ count, and each cluster's residual of the linearised mean; clusters without scores are left out. */
export function linearised(scores: readonly Score[]): {
  readonly mean: number;
  readonly residuals: readonly number[];
} {
  const scored = scores.filter(({ count }) => count > 0);
  const counts = scored.reduce((total, { count }) => total + count, 0);
  const mean = scored.reduce((total, { sum }) => total + sum, 0) / counts;
  const meanCount = counts / scored.length;
  const least = ROUNDING * Math.max(0, ...scored.map(({ sum }) => Math.abs(sum)));
  const residuals = scored.map(({ sum, count }) => {
    const residual = sum - mean * count;
    return Math.abs(residual) <= least ? 0 : residual / meanCount;
  });
  return { mean, residuals };
}
