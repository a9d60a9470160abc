import {
  type Bootstrap,
  createBootstrap,
  minimalDetectableEffect,
  NO_INTERVAL,
  permutationsFor,
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
  /** Returns how many permutations or resamples each test of a family needs, so that p can be small enough corrected. */
  readonly permutationsFor: (tests: number) => number;
}

/** Returns the estimator of an analysis. */
export function createInference({ resamples: given }: AnalysisOptions = {}): Inference {
  const resamples = given ?? DEFAULT_RESAMPLES;
  const bootstrapped = createBootstrap({ expanded: true, resamples });
  return {
    estimate: (clusters, statistic, ...more) =>
      clusters < FEWEST
        ? { value: statistic(Int32Array.from({ length: clusters }, (_, at) => at)), ...NO_INTERVAL }
        : bootstrapped(clusters, statistic, ...more),
    permutationsFor: (tests) => given ?? permutationsFor(tests),
  };
}

const DEFAULT_RESAMPLES = 10_000;

/**
 * Returns the smallest difference of scores that this many clusters find with power 0.8 at α = 0.05; null if they cannot
 * find any, because a difference is at most 1, or if no cluster differs, so that their deviation is not known.
 */
export function detectableScore(clusters: number, standardDeviation: number): number | null {
  if (!(standardDeviation > 0)) return null;
  const effect = minimalDetectableEffect({ clusters, standardDeviation });
  return effect <= 1 ? effect : null;
}
