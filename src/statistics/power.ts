import { rootOf, studentBeyond, studentCritical } from './distributions.js';
import type { Score } from './statistic.js';

/** Where the search for a number of clusters gives up. */
const MOST_CLUSTERS = 2 ** 40;

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
 * differences; the power of `pairedPermutation` approaches it as n grows (Hoeffding 1952).
 * @param clusters n, at least 2
 */
export function powerOf({
  effect,
  clusters,
  standardDeviation,
  alpha = 0.05,
}: PairedDesign & { readonly effect: number; readonly clusters: number }): number {
  const freedom = clusters - 1;
  const shift = (Math.sqrt(clusters) * Math.abs(effect)) / standardDeviation;
  return studentBeyond(studentCritical(alpha, freedom), freedom, shift);
}

/** Returns the smallest effect that the given number of clusters finds with the given power; an absolute value. */
export function minimalDetectableEffect({
  clusters,
  standardDeviation,
  power = 0.8,
  alpha = 0.05,
}: PairedDesign & { readonly clusters: number; readonly power?: number }): number {
  const freedom = clusters - 1;
  const critical = studentCritical(alpha, freedom);
  const shift = rootOf((tried) => studentBeyond(critical, freedom, tried) - power);
  return (shift * standardDeviation) / Math.sqrt(clusters);
}

/**
 * Returns the number of clusters, at least 2, that finds an effect with the given power; `Infinity` if no number does,
 * NaN if the effect or the deviation is NaN.
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
  let high = 2;
  while (!enough(high)) {
    if (high > MOST_CLUSTERS) return Number.POSITIVE_INFINITY;
    high *= 2;
  }
  let low = high / 2; // not enough, or 1
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
  const scored = differences.filter(({ count }) => count > 0);
  const counts = scored.reduce((total, { count }) => total + count, 0);
  const mean = scored.reduce((total, { sum }) => total + sum, 0) / counts;
  const squares = scored.reduce((total, { sum, count }) => total + (sum - mean * count) ** 2, 0);
  return Math.sqrt(squares / (scored.length - 1)) / (counts / scored.length);
}
