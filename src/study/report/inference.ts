import { type Bootstrap, createBootstrap } from '../../measure/index.js';

export interface AnalysisOptions {
  /** How many resamples every interval and every permutation test is made of; 10,000 if not said. */
  readonly resamples?: number;
}

/**
 * How intervals and p-values are come by; the same throughout an analysis. Intervals are expanded: studies are often of
 * fewer than sixty scenarios, and of more it makes no difference.
 */
export interface Inference {
  readonly estimate: Bootstrap;
  readonly permutations: number;
}

export function createInference({ resamples = 10_000 }: AnalysisOptions = {}): Inference {
  return { estimate: createBootstrap({ resamples, expanded: true }), permutations: resamples };
}
