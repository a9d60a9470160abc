import type { Statistic } from './statistic.js';

/** How two rows of numbers of equal length go together, −1…1; NaN where one of them does not vary. */
export type Correlation = (x: ArrayLike<number>, y: ArrayLike<number>) => number;

/** Pearson's r: the covariance over the product of the standard deviations. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (isConstant(x) || isConstant(y)) return Number.NaN; // exactly: rounding of a mean would make them vary
  const middleX = mean(x);
  const middleY = mean(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let index = 0; index < x.length; index++) {
    const fromX = x[index]! - middleX;
    const fromY = y[index]! - middleY;
    xy += fromX * fromY;
    xx += fromX ** 2;
    yy += fromY ** 2;
  }
  // Rounding may lift a perfect correlation above 1.
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
}

/** Spearman's ρ: Pearson's r of the ranks. It asks only whether the two rise together, not along what curve. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return pearson(ranksOf(x), ranksOf(y));
}

/**
 * Correlation over clusters: each drawn cluster (a dialogue) is one point. Asks whether dialogues with a larger share
 * are the more stable ones.
 * @param x and `y`: one number a cluster
 */
export function correlationOf(
  x: readonly number[],
  y: readonly number[],
  correlation: Correlation,
): Statistic {
  const drawnX = new Float64Array(x.length);
  const drawnY = new Float64Array(y.length);
  return (drawn) => {
    for (let at = 0; at < drawn.length; at++) {
      drawnX[at] = x[drawn[at]!]!;
      drawnY[at] = y[drawn[at]!]!;
    }
    return correlation(drawnX.subarray(0, drawn.length), drawnY.subarray(0, drawn.length));
  };
}

/**
 * Correlation over places (turns): each is one point, two statistics of the drawn clusters. Two things that both fall
 * with the turn correlate whatever the reason, so near 1 is no evidence that one causes the other.
 */
export function correlationAlong(
  points: readonly { readonly x: Statistic; readonly y: Statistic }[],
  correlation: Correlation,
): Statistic {
  return (drawn) =>
    correlation(
      points.map(({ x }) => x(drawn)),
      points.map(({ y }) => y(drawn)),
    );
}

/** Ranks from 1; values that are equal share the mean of theirs. */
function ranksOf(values: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(values).sort();
  const rankFrom = new Float64Array(sorted.length); // where a run of equal values starts, their rank
  for (let start = 0, end = 0; start < sorted.length; start = end) {
    while (end < sorted.length && sorted[end] === sorted[start]) end++;
    if (end === start) break; // NaN, and only NaN from here on
    rankFrom[start] = (start + 1 + end) / 2;
  }
  return Float64Array.from(values, (value) => {
    const start = firstNotBelow(sorted, value);
    return sorted[start] === value ? rankFrom[start]! : Number.NaN;
  });
}

/** The index of the first of sorted values that is not below `value`. */
function firstNotBelow(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let index = 1; index < values.length; index++) if (values[index] !== values[0]) return false;
  return true;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  return sum / values.length;
}
