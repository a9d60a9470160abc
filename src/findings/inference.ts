import { type Bootstrap, createBootstrap } from '../statistics/index.js';

/** Options of an analysis. */
export interface AnalysisOptions {
  /** Resamples of every interval and permutations of every test; default: 10,000. */
  readonly resamples?: number;
}

/** The smallest number of clusters that get an interval. Resampling fewer says nothing about other clusters. */
export const FEWEST = 5;

/**
 * How an analysis computes its intervals and p-values. Intervals are expanded, because studies often have fewer than
 * sixty scenarios; with more, expansion makes almost no difference.
 */
export interface Inference {
  /** The ends of the interval are NaN for fewer than {@link FEWEST} clusters. */
  readonly estimate: Bootstrap;
  /** Resamples of every interval. */
  readonly resamples: number;
  /** Permutations of every test. */
  readonly permutations: number;
}

/** Returns the estimator of an analysis. */
export function createInference({ resamples = 10_000 }: AnalysisOptions = {}): Inference {
  const bootstrapped = createBootstrap({ resamples, expanded: true });
  return {
    estimate: (clusters, statistic) =>
      clusters < FEWEST
        ? { value: statistic(Int32Array.from({ length: clusters }, (_, at) => at)), ...NO_INTERVAL }
        : bootstrapped(clusters, statistic),
    resamples,
    permutations: resamples,
  };
}

const NO_INTERVAL = { low: Number.NaN, high: Number.NaN };
