import {
  type Bootstrap,
  createBootstrap,
  holm,
  minimalDetectableEffect,
  pairedPermutation,
  permutationsFor,
  type Score,
  skewedMeanTest,
} from '../statistics/index.js';

/** Options of an analysis. */
export interface AnalysisOptions {
  /** Resamples of every interval, default: 10,000; and permutations of every test, default: as many as its family needs. */
  readonly resamples?: number;
}

/** The smallest number of clusters that get an interval. Resampling fewer says nothing about other clusters. */
export const FEWEST = 5;
/** With fewer clusters than this, intervals, tests and above all deviations are rough, and reports warn. */
export const FEW = 10;

/**
 * How an analysis computes its intervals and p-values. Intervals are expanded, because studies often have fewer than
 * sixty prompts; with more, expansion makes almost no difference.
 */
export interface Inference {
  /** The ends of the interval are NaN for fewer than {@link FEWEST} clusters, and where the bootstrap has none. */
  readonly estimate: Bootstrap;
  /** Resamples of every interval. */
  readonly resamples: number;
  /** Permutations of a test outside of {@link Inference.test}. */
  readonly permutations: number;
  /**
   * Tests the differences of clusters, `[tests][clusters]`, as one family. The tests of a report must be one family: a
   * correction covers what is tested together.
   */
  readonly test: (family: readonly (readonly Score[])[]) => Tested[];
}

/** The p-values of a difference, two-sided. */
export interface Tested {
  /** Of the paired permutation test. Its null hypothesis is the sharp one: both arms do the same in every dialogue. */
  readonly p: number;
  /** Of the studentised test that the mean difference is zero; NaN if the differences do not vary. */
  readonly pMean: number;
  /** The larger of the two after Holm's correction over the family: an effect counts if both tests find it. */
  readonly pHolm: number;
}

/** Returns the estimator of an analysis. */
export function createInference({ resamples: given }: AnalysisOptions = {}): Inference {
  const resamples = given ?? DEFAULT_RESAMPLES;
  const bootstrapped = createBootstrap({ expanded: true, resamples });
  return {
    estimate: (clusters, statistic, range) =>
      clusters < FEWEST
        ? { value: statistic(Int32Array.from({ length: clusters }, (_, at) => at)), ...NO_INTERVAL }
        : bootstrapped(clusters, statistic, range),
    resamples,
    permutations: resamples,
    test(family) {
      const permutations = given ?? permutationsFor(family.length);
      const tested = family.map((differences) => ({
        p: pairedPermutation(differences, { permutations }),
        pMean: skewedMeanTest(differences),
      }));
      const corrected = holm(tested.map(largerP));
      return tested.map((ps, at) => ({ ...ps, pHolm: corrected[at]! }));
    },
  };
}

const DEFAULT_RESAMPLES = 10_000;

const NO_INTERVAL = { low: Number.NaN, high: Number.NaN };

/** Returns the larger p of the two tests: that of the permutation test if the other is undefined. */
export function largerP({ p, pMean = Number.NaN }: Pick<Tested, 'p'> & Partial<Tested>): number {
  return Number.isNaN(pMean) ? p : Math.max(p, pMean);
}

/**
 * Returns the smallest difference of scores that this many clusters find with power 0.8 at α = 0.05; null if they cannot
 * find any, because a difference is at most 1, or if no cluster differs, so that their deviation is not known.
 */
export function detectableScore(clusters: number, standardDeviation: number): number | null {
  if (!(standardDeviation > 0)) return null;
  const effect = minimalDetectableEffect({ clusters, standardDeviation });
  return effect <= 1 ? effect : null;
}
