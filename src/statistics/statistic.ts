import type { Range } from './range.js';

/** The contribution of one cluster (a prompt, with all its dialogues) to a mean: the sum and the number of its scores. */
export interface Score {
  readonly sum: number;
  readonly count: number;
}

/** Returns the sum of scores. */
export function totalOf(scores: readonly Score[]): Score {
  let sum = 0;
  let count = 0;
  for (const score of scores) {
    sum += score.sum;
    count += score.count;
  }
  return { sum, count };
}

/** A function of a sample of clusters, given by their indices; an index may occur more than once. */
export type Statistic = (drawn: Int32Array) => number;

/** A statistic at a place: a turn, a round, or a position in tokens. */
export interface Point {
  readonly x: number;
  readonly y: Statistic;
}

/**
 * Returns the mean of all scores of the drawn clusters, Σ sum / Σ count; NaN if Σ count is 0. The count may be a weight, as
 * in stability above chance: a sum without any weight is not infinite, it says nothing.
 */
export function meanOf(scores: readonly Score[]): Statistic {
  const sums = Float64Array.from(scores, ({ sum }) => sum); // [clusters]
  const counts = Float64Array.from(scores, ({ count }) => count); // [clusters]
  return (drawn) => {
    let sum = 0;
    let count = 0;
    for (let at = 0; at < drawn.length; at++) {
      sum += sums[drawn[at]!]!;
      count += counts[drawn[at]!]!;
    }
    return count === 0 ? Number.NaN : sum / count;
  };
}

/**
 * Returns a statistic of the members (dialogues) of drawn clusters (prompts), so that a number over single dialogues has an
 * interval over clusters.
 * @param members the indices of each cluster's members, `[clusters][members]`
 * @param statistic a function of a sample of members
 */
export function ofMembers(members: readonly (readonly number[])[], statistic: Statistic): Statistic {
  if (members.every((own, cluster) => own.length === 1 && own[0] === cluster)) return statistic;
  return (drawn) => statistic(Int32Array.from(Array.from(drawn, (cluster) => members[cluster]!).flat()));
}

/**
 * Returns the range of {@link slopeOf} over these places for values in a range: the steepest lines have the lowest value on
 * one side of the middle and the highest on the other.
 */
export function slopeRange(places: readonly number[], [lowest, highest]: Range): Range {
  const middle = places.reduce((sum, x) => sum + x, 0) / places.length;
  const spread = places.reduce((sum, x) => sum + (x - middle) ** 2, 0);
  const reach = places.reduce((sum, x) => sum + Math.max(0, x - middle), 0) / spread;
  return [-(highest - lowest) * reach, (highest - lowest) * reach];
}

/** Returns the left statistic minus the right one, both of the same drawn clusters. */
export function differenceOf(left: Statistic, right: Statistic): Statistic {
  return (drawn) => left(drawn) - right(drawn);
}

/** Returns the left statistic divided by the right one, both of the same drawn clusters; NaN if the right one is 0. */
export function quotientOf(left: Statistic, right: Statistic): Statistic {
  return (drawn) => {
    const divisor = right(drawn);
    return divisor === 0 ? Number.NaN : left(drawn) / divisor;
  };
}

/**
 * Returns the least-squares slope of statistics over `x`, Σ (x − x̄) y / Σ (x − x̄)², with equal weights: the change of the
 * statistic per unit of `x`. Drift is the slope of stability over rounds. NaN for fewer than two places, or if any
 * statistic is NaN: choose places that nearly every cluster reaches.
 */
export function slopeOf(points: readonly Point[]): Statistic {
  const middle = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - middle) ** 2, 0);
  return (drawn) => points.reduce((sum, { x, y }) => sum + (x - middle) * y(drawn), 0) / spread;
}
