import { pearson } from './correlation.js';
import { drawnRanks } from './ranks.js';
import type { Statistic } from './statistic.js';

/**
 * Returns the partial correlation of x and y given z, the correlation of what lines through z leave of them:
 *
 *   r_{xy·z} = (r_xy − r_xz·r_yz) / √((1 − r_xz²)(1 − r_yz²))
 *
 * (Yule 1907; of ranks, Kendall 1942.) It answers, for example, whether dialogues with a larger share are more stable, if
 * shares differ with the length of the prompt. NaN if a variable is constant, or if z determines one of the others.
 */
export function partialCorrelation(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  given: ArrayLike<number>,
): number {
  const [xy, xz, yz] = [pearson(x, y), pearson(x, given), pearson(y, given)];
  const left = (1 - xz ** 2) * (1 - yz ** 2);
  // Rounding may leave something of a variable that z determines, and may lift a perfect correlation above 1.
  return left > 1e-12 ? Math.max(-1, Math.min(1, (xy - xz * yz) / Math.sqrt(left))) : Number.NaN;
}

/** Returns the rank correlation (Spearman's ρ) over drawn items (dialogues), each of which is one point. */
export function rankCorrelationOf(x: readonly number[], y: readonly number[]): Statistic {
  const [ofX, ofY] = [drawnRanks(x), drawnRanks(y)];
  return (drawn) => pearson(ofX(drawn), ofY(drawn));
}

/** Returns the partial rank correlation, {@link partialCorrelation} of ranks, over drawn items (dialogues). */
export function partialRankCorrelationOf(
  x: readonly number[],
  y: readonly number[],
  given: readonly number[],
): Statistic {
  const [ofX, ofY, ofGiven] = [drawnRanks(x), drawnRanks(y), drawnRanks(given)];
  return (drawn) => partialCorrelation(ofX(drawn), ofY(drawn), ofGiven(drawn));
}
