import { grouped } from '../grouped.js';
import {
  type Bootstrap,
  createBootstrap,
  halfLifeOf,
  ofMembers,
  type Point,
  type Score,
  type Statistic,
} from '../statistics/index.js';

/** The smallest number of clusters that get an interval; a bootstrap over fewer is too narrow. */
export const FEWEST_CLUSTERS = 8;

/** Indices of dialogues, grouped by what is independent, `[clusters][dialogues]`. */
export type Clusters = readonly (readonly number[])[];

/**
 * Groups dialogues by their system prompt: dialogues of one prompt are not independent. If all have the same prompt, each is
 * a cluster, and intervals hold for this prompt alone.
 * @param dialogues their indices
 * @param systems system prompts by index
 */
export function clustersOf(dialogues: readonly number[], systems: readonly string[]): Clusters {
  const groups = grouped(dialogues, (index) => systems[index]!);
  return groups.size === 1 ? dialogues.map((index) => [index]) : [...groups.values()];
}

/** A number with its 95 % interval over clusters; the ends are null if there are too few, or it does not vary. */
export interface Measured {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** The half-life of a share with its interval; `never` if the share does not fall. */
export interface HalfLife {
  readonly value: number | 'never';
  readonly low: number | 'never' | null;
  readonly high: number | 'never' | null;
}

/** Intervals of the same number of clusters have the same resamples, so these are drawn once. */
const BOOTSTRAP = createBootstrap({ expanded: true });

/**
 * Estimates a statistic of dialogues.
 * @param statistic a function of a sample of dialogues
 * @returns null if the statistic is NaN, because nothing was measured
 */
export function measure(
  clusters: Clusters,
  statistic: Statistic,
  bootstrap: Bootstrap = BOOTSTRAP,
): Measured | null {
  const ofClusters = ofMembers(clusters, statistic);
  if (clusters.length < FEWEST_CLUSTERS) {
    const value = ofClusters(Int32Array.from(clusters.keys()));
    return Number.isNaN(value) ? null : { value, low: null, high: null };
  }
  const { value, low, high } = bootstrap(clusters.length, ofClusters);
  return Number.isNaN(value) ? null : { value, low: orNull(low), high: orNull(high) };
}

const orNull = (end: number): number | null => (Number.isNaN(end) ? null : end);

/** Estimates a half-life; null with fewer than two points, or if a share is 0. */
export function measureHalfLife(clusters: Clusters, points: readonly Point[]): HalfLife | null {
  const found = measure(clusters, halfLifeOf(points));
  if (found === null) return null;
  const { value, low, high } = found;
  return {
    value: orNever(value),
    low: low === null ? null : orNever(low),
    high: high === null ? null : orNever(high),
  };
}

const orNever = (value: number): number | 'never' => (Number.isFinite(value) ? value : 'never');

/** The score of a dialogue without scores. */
export const NO_SCORE: Score = { sum: 0, count: 0 };
