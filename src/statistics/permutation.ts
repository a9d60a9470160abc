import { createRandom } from '../engine/index.js';
import type { Score } from './statistic.js';

/** Options of {@link pairedPermutation}. */
export interface PermutationOptions {
  /** Default: 10,000. */
  readonly permutations?: number;
  /** Seed of the random exchanges; default: 1. */
  readonly seed?: number;
}

/** Two sums are equal if they differ by less than this fraction of the largest possible sum: order of adding matters. */
const ROUNDING = 1e-12;

/**
 * Returns the contribution of each cluster (a dialogue that both arms ran) to the difference of two arms, left minus
 * right. A cluster in which an arm has no score contributes nothing (an empty score). If both arms have equal counts in
 * every cluster, the mean is exactly the difference of {@link meanOf}. Where counts n and m differ, the cluster's
 * difference of means has the weight (n + m) / 2.
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
 * Returns the two-sided p-value of a paired permutation test: how often the mean is at least as far from zero as observed
 * when each cluster's two arms are exchanged at random. An exchange flips the sign of the cluster's difference. The
 * statistic is that of `meanOf(differences)`, Σ sum / Σ count, so a cluster's weight is its count. Exchanges do not change
 * counts, so only sums are compared.
 *
 * With n differences that are not zero, the test is exact over all 2^n exchanges if these are at most `permutations`.
 * Otherwise it draws random exchanges and returns (1 + extreme) / (1 + permutations), which is never zero and not too
 * small on average (Phipson and Smyth 2010). 1 if no cluster differs.
 * @param differences one per cluster; see {@link pairedDifferences}
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

/** Counts the exchanges, out of all, whose sum is at least `bound` from zero. */
function exchangesBeyond(sums: Float64Array, bound: number): number {
  const count = (from: number, total: number): number => {
    if (from === sums.length) return Math.abs(total) >= bound ? 1 : 0;
    return count(from + 1, total + sums[from]!) + count(from + 1, total - sums[from]!);
  };
  return count(0, 0);
}

/** Counts the exchanges, out of `permutations` random ones, whose sum is at least `bound` from zero. */
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
    let coins = 0; // 32 random bits at a time
    for (let index = 0; index < sums.length; index++) {
      if (index % 32 === 0) coins = Math.floor(random() * 2 ** 32);
      total += coins & 1 ? sums[index]! : -sums[index]!;
      coins >>>= 1;
    }
    if (Math.abs(total) >= bound) extreme++;
  }
  return extreme;
}
