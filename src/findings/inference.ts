import { type Bootstrap, createBootstrap } from '../statistics/index.js';

export interface AnalysisOptions {
  /** How many resamples every interval and every permutation test is made of; 10,000 if not said. */
  readonly resamples?: number;
}

/** Of fewer clusters there is no interval: what so few resample says nothing of how others would differ. */
export const FEWEST = 5;

/**
 * How intervals and p-values are come by; the same throughout an analysis. Intervals are expanded: studies are often of
 * fewer than sixty scenarios, and of more it makes no difference.
 */
export interface Inference {
  /** With NaN for the ends of the interval of fewer than {@link FEWEST} clusters. */
  readonly estimate: Bootstrap;
  readonly permutations: number;
}

export function createInference({ resamples = 10_000 }: AnalysisOptions = {}): Inference {
  const bootstrapped = createBootstrap({ resamples, expanded: true });
  return {
    estimate: (clusters, statistic) =>
      clusters < FEWEST
        ? { value: statistic(Int32Array.from({ length: clusters }, (_, at) => at)), ...NO_INTERVAL }
        : bootstrapped(clusters, statistic),
    permutations: resamples,
  };
}

const NO_INTERVAL = { low: Number.NaN, high: Number.NaN };
