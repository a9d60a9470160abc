import { createRandom } from '../engine/index.js';
import type { Score } from './statistic.js';

export interface PermutationOptions {
  /** 10,000 if not said. */
  readonly permutations?: number;
  readonly seed?: number;
}

/** Sums that differ by less than this part of the largest possible one are equal: they were added in another order. */
const ROUNDING = 1e-12;

/**
 * What each cluster (a dialogue that both arms led) adds to the difference of two arms. Where an arm has no score the
 * cluster is left out (an empty difference). Arms with equal counts in every cluster give the difference of
 * {@link meanOf} exactly; where counts n and m differ, the cluster's difference of means has the weight (n + m) / 2.
 */
export function pairedDifferences(left: readonly Score[], right: readonly Score[]): Score[] {
  return left.map((score, index) => {
    const other = right[index]!;
    if (score.count === 0 || other.count === 0) return { sum: 0, count: 0 };
    const count = (score.count + other.count) / 2;
    return { sum: count * (score.sum / score.count - other.sum / other.count), count };
  });
}

/**
 * The two-sided p-value of a paired permutation test: how often a mean at least as far from zero arises when every
 * cluster's two arms are exchanged by the toss of a coin, which changes the sign of its difference. The statistic is the
 * one that `bootstrap` of `meanOf(differences)` estimates, Σ sum / Σ count: a cluster has the weight of its count. Counts
 * are the same under every exchange, so only sums are compared.
 *
 * Exact, over all 2^n exchanges of the n differences that are not zero, when these are no more than `permutations`;
 * otherwise (1 + extreme) / (1 + permutations) of random ones, which is never zero and never too small on average
 * (Phipson and Smyth 2010). 1 when no cluster differs.
 * @param differences one a cluster; see {@link pairedDifferences}
 */
export function pairedPermutation(
  differences: readonly Score[],
  { permutations = 10_000, seed = 1 }: PermutationOptions = {},
): number {
  const sums = Float64Array.from(differences, ({ sum }) => sum).filter((sum) => sum !== 0);
  const farthest = sums.reduce((total, sum) => total + Math.abs(sum), 0);
  const observed = sums.reduce((total, sum) => total + sum, 0);
  const bound = Math.abs(observed) - ROUNDING * farthest;
  const all = 2 ** sums.length;
  if (all <= permutations) return exchangesBeyond(sums, bound) / all;
  return (1 + randomExchangesBeyond(sums, bound, permutations, seed)) / (1 + permutations);
}

/** Of all exchanges, how many give a sum at least `bound` from zero. */
function exchangesBeyond(sums: Float64Array, bound: number): number {
  const count = (from: number, total: number): number => {
    if (from === sums.length) return Math.abs(total) >= bound ? 1 : 0;
    return count(from + 1, total + sums[from]!) + count(from + 1, total - sums[from]!);
  };
  return count(0, 0);
}

function randomExchangesBeyond(
  sums: Float64Array,
  bound: number,
  permutations: number,
  seed: number,
): number {
  const random = createRandom(seed);
  let extreme = 0;
  for (let permutation = 0; permutation < permutations; permutation++) {
    let total = 0;
    let coins = 0; // 32 of them, tossed at once
    for (let index = 0; index < sums.length; index++) {
      if (index % 32 === 0) coins = Math.floor(random() * 2 ** 32);
      total += coins & 1 ? sums[index]! : -sums[index]!;
      coins >>>= 1;
    }
    if (Math.abs(total) >= bound) extreme++;
  }
  return extreme;
}
