/** What one cluster (a dialogue) adds to a mean: the sum of its scores, and how many there are. */
export interface Score {
  readonly sum: number;
  readonly count: number;
}

/** A number computed from a sample of clusters, given by their indices; an index may stand there more than once. */
export type Statistic = (drawn: Int32Array) => number;

/** A statistic at a place: a turn, a round, a position in tokens. */
export interface Point {
  readonly x: number;
  readonly y: Statistic;
}

/** The mean of all scores of the drawn clusters, Σ sum / Σ count; NaN when they have none. */
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
    return sum / count;
  };
}

/** One statistic less another, of the same clusters. */
export function differenceOf(left: Statistic, right: Statistic): Statistic {
  return (drawn) => left(drawn) - right(drawn);
}

/**
 * The least-squares slope of statistics over `x`, Σ (x − x̄) y / Σ (x − x̄)², each point of equal weight: what a statistic
 * gains from one `x` to the next. Drift is the slope of stability over rounds. NaN of fewer than two places, and when
 * any of the statistics is NaN: choose points that nearly every cluster reaches.
 */
export function slopeOf(points: readonly Point[]): Statistic {
  const middle = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const spread = points.reduce((sum, { x }) => sum + (x - middle) ** 2, 0);
  return (drawn) => points.reduce((sum, { x, y }) => sum + (x - middle) * y(drawn), 0) / spread;
}
