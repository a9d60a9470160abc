import type { Statistic } from './statistic.js';

/** How two rows of numbers of equal length go together, −1…1; NaN where one of them does not vary. */
export type Correlation = (x: ArrayLike<number>, y: ArrayLike<number>) => number;

/** Pearson's r: the covariance over the product of the standard deviations. */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
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
  const ascending = Uint32Array.from({ length: values.length }, (_, index) => index).sort(
    (a, b) => values[a]! - values[b]!,
  );
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < ascending.length; ) {
    let end = start + 1;
    while (end < ascending.length && values[ascending[end]!] === values[ascending[start]!]) end++;
    for (let at = start; at < end; at++) ranks[ascending[at]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  return sum / values.length;
}
