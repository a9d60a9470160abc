import { rootOf, studentBeyond, studentCritical } from './distributions.js';
import type { Score } from './statistic.js';

/** Nobody has this many. */
const MOST_CLUSTERS = 2 ** 40;

/** A paired comparison that is planned: one difference a cluster, tested against zero, two-sided. */
export interface PairedDesign {
  /** Of the differences of clusters, above 0; see {@link clusterDeviation} for a pilot's. */
  readonly standardDeviation: number;
  /** Probability of calling nothing an effect; 0.05 if not said. Divide by the number of tests to plan for Holm's worst. */
  readonly alpha?: number;
}

/**
 * The probability of finding an effect (a mean difference) with so many clusters, by the t test on their differences:
 * P(|T| > t) with T noncentral t, n − 1 degrees of freedom, shifted by √n·effect / standard deviation. Exact for normal
 * differences; `pairedPermutation` has the same power up to terms that vanish with n (Hoeffding 1952).
 * @param clusters from 2
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

/** The smallest effect that so many clusters find with this power; the larger of two signs, so never negative. */
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

/** How many clusters find this effect with this power, from 2; `Infinity` where no number does, NaN of NaN. */
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
  let low = high / 2; // too few, or 1
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (enough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * The standard deviation of clusters' differences in a pilot, such that the mean difference Σ sum / Σ count has the
 * standard error sd / √n. Of equal counts the usual one of the clusters' means, over n − 1; of unequal ones that of the
 * mean's linearisation, (sum − mean·count) / mean count (Cochran 1977, chapter 6). Clusters without scores are left out.
 */
export function clusterDeviation(differences: readonly Score[]): number {
  const scored = differences.filter(({ count }) => count > 0);
  const counts = scored.reduce((total, { count }) => total + count, 0);
  const mean = scored.reduce((total, { sum }) => total + sum, 0) / counts;
  const squares = scored.reduce((total, { sum, count }) => total + (sum - mean * count) ** 2, 0);
  return Math.sqrt(squares / (scored.length - 1)) / (counts / scored.length);
}
