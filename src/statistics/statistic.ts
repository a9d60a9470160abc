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
export interface Statistic {
  (drawn: Int32Array): number;
  /** Returns the same for samples of equal size, where that is faster for many at once. */
  readonly each?: (samples: readonly Int32Array[]) => Float64Array;
}

/** The values of statistics in the samples that they were last asked for: a mean is also part of differences. */
const known = new WeakMap<
  Statistic,
  { readonly samples: readonly Int32Array[]; readonly values: Float64Array }
>();

/** Returns a statistic of each sample. The samples have equal sizes. */
export function eachOf(statistic: Statistic, samples: readonly Int32Array[]): Float64Array {
  const last = known.get(statistic);
  if (last?.samples === samples) return last.values;
  const values = statistic.each?.(samples) ?? Float64Array.from(samples, (drawn) => statistic(drawn));
  known.set(statistic, { samples, values });
  return values;
}

/** Returns a function of the values of other statistics. */
export function combined(
  parts: readonly Statistic[],
  combine: (values: readonly number[]) => number,
): Statistic {
  const each: Statistic['each'] = (samples) => {
    const values = parts.map((part) => eachOf(part, samples));
    const own = parts.map(() => 0);
    const combinedValues = new Float64Array(samples.length);
    for (let at = 0; at < samples.length; at++) {
      for (let part = 0; part < own.length; part++) own[part] = values[part]![at]!;
      combinedValues[at] = combine(own);
    }
    return combinedValues;
  };
  return Object.assign((drawn: Int32Array) => combine(parts.map((part) => part(drawn))), { each });
}

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
  const [totalSums, totalCounts] = [totalsOf(sums), totalsOf(counts)];
  const each: Statistic['each'] = (samples) => {
    const counted = totalCounts(samples);
    return totalSums(samples).map((sum, at) => quotient(sum, counted[at]!));
  };
  return Object.assign((drawn: Int32Array) => each([drawn])[0]!, { each });
}

/** Returns the sum of the drawn values in each sample. */
type Totals = (samples: readonly Int32Array[]) => Float64Array;

/** Clusters often have equal counts: those of a round in which every dialogue has one probe. The product is exact then. */
function totalsOf(values: Float64Array): Totals {
  const [first = 0] = values;
  const areEqual = Number.isInteger(first) && values.every((value) => value === first);
  return areEqual
    ? (samples) => new Float64Array(samples.length).fill(first * (samples[0]?.length ?? 0))
    : (samples) => addedUp(values, samples);
}

/** Adds up the drawn values of each sample, in the order in which they were drawn. */
function addedUp(values: Float64Array, samples: readonly Int32Array[]): Float64Array {
  const totals = new Float64Array(samples.length);
  let at = 0;
  // Each addition to a sum waits for the one before, so four samples take little longer than one.
  for (; at + 4 <= samples.length; at += 4) {
    const [a, b, c, d] = [samples[at]!, samples[at + 1]!, samples[at + 2]!, samples[at + 3]!];
    let [sumA, sumB, sumC, sumD] = [0, 0, 0, 0];
    for (let place = 0; place < a.length; place++) {
      sumA += values[a[place]!]!;
      sumB += values[b[place]!]!;
      sumC += values[c[place]!]!;
      sumD += values[d[place]!]!;
    }
    totals[at] = sumA;
    totals[at + 1] = sumB;
    totals[at + 2] = sumC;
    totals[at + 3] = sumD;
  }
  for (; at < samples.length; at++) {
    const drawn = samples[at]!;
    let sum = 0;
    for (let place = 0; place < drawn.length; place++) sum += values[drawn[place]!]!;
    totals[at] = sum;
  }
  return totals;
}

/** Returns a quotient; NaN if the divisor is 0. */
const quotient = (dividend: number, divisor: number): number =>
  divisor === 0 ? Number.NaN : dividend / divisor;

/**
 * Returns a statistic of the members (dialogues) of drawn clusters (prompts), so that a number over single dialogues has an
 * interval over clusters.
 * @param members the indices of each cluster's members, `[clusters][members]`
 * @param statistic a function of a sample of members
 */
export function ofMembers(members: readonly (readonly number[])[], statistic: Statistic): Statistic {
  if (members.every((own, cluster) => own.length === 1 && own[0] === cluster)) return statistic;
  const lists = members.map((own) => Int32Array.from(own));
  return (drawn) => {
    let length = 0;
    for (let at = 0; at < drawn.length; at++) length += lists[drawn[at]!]!.length;
    const all = new Int32Array(length);
    let from = 0;
    for (let at = 0; at < drawn.length; at++) {
      const own = lists[drawn[at]!]!;
      all.set(own, from);
      from += own.length;
    }
    return statistic(all);
  };
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
export const differenceOf = (left: Statistic, right: Statistic): Statistic =>
  combined([left, right], ([ofLeft, ofRight]) => ofLeft! - ofRight!);

/** Returns the left statistic divided by the right one, both of the same drawn clusters; NaN if the right one is 0. */
export const quotientOf = (left: Statistic, right: Statistic): Statistic =>
  combined([left, right], ([dividend, divisor]) => quotient(dividend!, divisor!));

/**
 * Returns the least-squares slope of statistics over `x`, Σ (x − x̄) y / Σ (x − x̄)², with equal weights: the change of the
 * statistic per unit of `x`. Drift is the slope of stability over rounds. NaN for fewer than two places, or if any
 * statistic is NaN: choose places that nearly every cluster reaches.
 */
export function slopeOf(points: readonly Point[]): Statistic {
  const middle = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - middle) ** 2, 0);
  return combined(
    points.map(({ y }) => y),
    (values) => points.reduce((sum, { x }, at) => sum + (x - middle) * values[at]!, 0) / spread,
  );
}
