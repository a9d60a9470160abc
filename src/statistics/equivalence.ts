import type { Estimate } from './bootstrap.js';
import { studentBeyond, studentCritical } from './distributions.js';
import { clusterDeviation } from './power.js';
import type { Score } from './statistic.js';

/** Probability of calling two arms equivalent if they are not. */
const ALPHA = 0.05;

/** The largest difference of two scores, which are in 0…1. */
const FARTHEST = 1;

/** The result of an equivalence test of two arms. */
export interface Equivalence {
  /** The margin δ: the arms are equivalent if their means differ by less. */
  readonly margin: number;
  /** The mean difference with its 90 % interval. It lies within ±δ exactly if `p` is at most 0.05. */
  readonly interval: Estimate;
  /** The larger p-value of the two one-sided tests, of mean ≤ −δ and of mean ≥ δ; NaN for fewer than two clusters. */
  readonly p: number;
}

/**
 * Tests whether two arms differ by less than a margin, with two one-sided t tests (TOST; Schuirmann 1987) on the clusters'
 * differences. A p of at most 0.05 shows that the difference of means is smaller than the margin; a p above it shows
 * nothing.
 *
 * If most clusters do not differ, the t test takes a rare large difference that was not drawn for one that does not exist.
 * Each of the two tests and each end of the interval then has one more cluster, which differs by 1 in its direction: the
 * smallest evidence against it. Without any difference the interval is then about ±2.7/n, as by the rule of three.
 * @param differences one per cluster, of scores in 0…1; see `pairedDifferences`
 * @param margin δ, above 0; declare it before the data are seen
 */
export function equivalenceOf(differences: readonly Score[], margin: number): Equivalence {
  const clusters = differences.filter(({ count }) => count > 0);
  const differ = clusters.filter(({ sum }) => sum !== 0).length;
  const tied = differ < clusters.length / 2;
  const value = meanOver(clusters);
  const [below, above] = [-FARTHEST, FARTHEST].map((far) =>
    errorOf(tied ? [...clusters, clusterAt(far, clusters)] : clusters),
  );
  return {
    margin,
    interval: {
      value,
      low: below!.mean - below!.error * studentCritical(2 * ALPHA, below!.freedom),
      high: above!.mean + above!.error * studentCritical(2 * ALPHA, above!.freedom),
    },
    p: Math.max(tail(below!.mean + margin, below!), tail(margin - above!.mean, above!)),
  };
}

interface MeanError {
  readonly mean: number;
  /** Standard error of the mean; NaN for one cluster. */
  readonly error: number;
  /** Degrees of freedom. */
  readonly freedom: number;
}

function errorOf(clusters: readonly Score[]): MeanError {
  const error = clusterDeviation(clusters) / Math.sqrt(clusters.length);
  return { mean: meanOver(clusters), error, freedom: clusters.length - 1 };
}

/** Returns P(T ≥ distance / error) of Student's distribution. */
function tail(distance: number, { error, freedom }: MeanError): number {
  const half = studentBeyond(Math.abs(distance) / error, freedom) / 2;
  return distance >= 0 ? half : 1 - half;
}

/** Returns a cluster of the usual size whose arms differ by `difference`. */
function clusterAt(difference: number, clusters: readonly Score[]): Score {
  const count = clusters.reduce((total, cluster) => total + cluster.count, 0) / clusters.length;
  return { sum: difference * count, count };
}

function meanOver(clusters: readonly Score[]): number {
  const sum = clusters.reduce((total, cluster) => total + cluster.sum, 0);
  return sum / clusters.reduce((total, cluster) => total + cluster.count, 0);
}
