import type { Estimate } from './bootstrap.js';
import { studentCritical } from './distributions.js';
import type { Score } from './statistic.js';

/** What one discordant pair (one arm obeys, the other does not) adds to a sum of Mantel and Haenszel. */
const PAIR = 0.5;

/**
 * Returns the odds ratio of two arms with its 95 % interval: the odds that an answer of the left arm obeys, divided by those
 * of the right arm. It is the estimate of Mantel and Haenszel (1959), whose strata are the clusters, so that the arms are
 * compared within each prompt:
 *
 *   R / S,  R = Σ aᵢ·dᵢ / Nᵢ,  S = Σ bᵢ·cᵢ / Nᵢ
 *
 * where the left arm obeys in a and fails in b, the right arm obeys in c and fails in d of N answers. Scores between 0 and
 * 1 count in parts. With one answer of each arm in a cluster it is the conditional estimate, R/S = the ratio of the two
 * kinds of discordant pairs.
 *
 * If R or S is 0, half a discordant pair is added to each (Haldane 1956), so that the ratio is finite; it is 1 if no
 * cluster is discordant. The interval is that of log(R/S), with Student's t for n − 1 clusters and the variance between
 * clusters, Σ (rᵢ/R − sᵢ/S)²·n/(n − 1), which holds although the answers of a cluster depend on each other. A bootstrap
 * over clusters covers less where one of the sums is small, and not at all where it is 0.
 * @param left one score per cluster, `[clusters]`
 * @param right one score per cluster, in the same order
 * @returns NaN without answers of both arms; interval ends are NaN for fewer than two clusters
 */
export function oddsRatio(left: readonly Score[], right: readonly Score[]): Estimate {
  const strata = left.flatMap((own, at) => stratumOf(own, right[at]!));
  const n = strata.length;
  const [r, s] = [sumOf(strata, 'r'), sumOf(strata, 's')];
  const added = r > 0 && s > 0 ? 0 : PAIR / 2;
  const [obeying, failing] = [r + added, s + added];
  const between = strata.reduce((sum, own) => sum + (own.r / obeying - own.s / failing) ** 2, 0);
  // Half a pair is half of the square of a whole one.
  const ofAdded = added === 0 ? 0 : 0.5 * ((PAIR / obeying) ** 2 + (PAIR / failing) ** 2);
  const error = Math.sqrt(((between + ofAdded) * n) / (n - 1));
  const reach = n < 2 ? Number.NaN : error * studentCritical(0.05, n - 1);
  const value = n === 0 ? Number.NaN : obeying / failing;
  return { value, low: value * Math.exp(-reach), high: value * Math.exp(reach) };
}

/** A cluster's parts of R and S. */
interface Stratum {
  readonly r: number;
  readonly s: number;
}

/** Returns nothing for a cluster in which an arm has no answer. */
function stratumOf(left: Score, right: Score): Stratum[] {
  if (left.count === 0 || right.count === 0) return [];
  const all = left.count + right.count;
  const r = (left.sum * (right.count - right.sum)) / all;
  const s = ((left.count - left.sum) * right.sum) / all;
  return [{ r, s }];
}

const sumOf = (strata: readonly Stratum[], of: keyof Stratum): number =>
  strata.reduce((sum, stratum) => sum + stratum[of], 0);
