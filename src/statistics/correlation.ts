import { mean } from './centre.js';
import type { Statistic } from './statistic.js';

/** A correlation coefficient of two equally long lists of numbers, −1…1; NaN if one of them is constant. */
export type Correlation = (x: ArrayLike<number>, y: ArrayLike<number>) => number;

/** Returns Pearson's r: the covariance divided by the product of the standard deviations. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (isConstant(x) || isConstant(y)) return Number.NaN; // compared exactly: the mean's rounding would hide it below
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

/** Returns Spearman's ρ: Pearson's r of the ranks. It measures whether the two rise together, along whatever curve. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return pearson(ranksOf(x), ranksOf(y));
}

/**
 * Returns the correlation over clusters: each drawn cluster (a dialogue) is one point. It answers, for example, whether
 * dialogues with a larger share are more stable.
 * @param x one number per cluster
 * @param y one number per cluster
 */
export function correlationOf(
  x: readonly number[],
  y: readonly number[],
  correlation: Correlation,
): Statistic {
  return (drawn) =>
    correlation(
      Float64Array.from(drawn, (at) => x[at]!),
      Float64Array.from(drawn, (at) => y[at]!),
    );
}

/**
 * Returns the correlation over places (turns): each place is one point, given by two statistics of the drawn clusters.
 * Any two quantities that fall with the turn correlate, so a value near 1 is no evidence that one causes the other.
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

/** Returns ranks from 1; equal values get the mean of their ranks. */
function ranksOf(values: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(values).sort();
  const rankFrom = new Float64Array(sorted.length); // at the start of each run of equal values: their rank
  for (let start = 0, end = 0; start < sorted.length; start = end) {
    while (end < sorted.length && sorted[end] === sorted[start]) end++;
    if (end === start) break; // NaN sorts last: the rest is NaN
    rankFrom[start] = (start + 1 + end) / 2;
  }
  return Float64Array.from(values, (value) => {
    const start = firstNotBelow(sorted, value);
    return sorted[start] === value ? rankFrom[start]! : Number.NaN;
  });
}

/** Returns the index of the first sorted value that is at least `value`. */
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
