import { createRandom } from '../random.js';
import type { Score } from './statistic.js';

/** Options of {@link pairedPermutation}. */
export interface PermutationOptions {
  /** Random exchanges, if there are too many for all; default: 10,000. See {@link permutationsFor}. */
  readonly permutations?: number;
  /** Seed of the random exchanges; default: 1. */
  readonly seed?: number;
}

/** Two sums are equal if they differ by less than this fraction of the largest possible sum: order of adding matters. */
const ROUNDING = 1e-12;
/** Up to this many differing clusters, all exchanges are counted: 2^20. */
const MOST_EXACT = 20;
const LEAST_PERMUTATIONS = 10_000;
/** Random exchanges expected to be extreme where p is at the smallest level that Holm's correction tests. */
const EXPECTED_EXTREME = 20;

/**
 * Returns how many random exchanges a family of tests needs, so that p can be small enough after Holm's correction: at
 * the level `alpha` / `tests`, twenty of them are extreme. At least 10,000.
 */
export function permutationsFor(tests: number, alpha = 0.05): number {
  return Math.max(LEAST_PERMUTATIONS, Math.ceil((EXPECTED_EXTREME * tests) / alpha));
}

/**
 * Returns the contribution of each cluster (a prompt that both arms ran) to the difference of two arms, left minus
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
 * The null hypothesis is the sharp one: in every cluster, both arms have the same distribution of scores. Arms with equal
 * means can differ otherwise, and then p is too small where differences are skewed: see {@link skewedMeanTest}.
 *
 * With at most 20 differences that are not zero, the test is exact over all exchanges. Otherwise it draws random ones and
 * returns (1 + extreme) / (1 + permutations), which is never zero and not too small on average (Phipson and Smyth 2010).
 * 1 if no cluster differs; NaN if a difference is not finite.
 * @param differences one per cluster; see {@link pairedDifferences}
 */
export function pairedPermutation(
  differences: readonly Score[],
  { permutations = LEAST_PERMUTATIONS, seed = 1 }: PermutationOptions = {},
): number {
  const sums = Float64Array.from(differences, ({ sum }) => sum).filter((sum) => sum !== 0);
  const farthest = sums.reduce((total, sum) => total + Math.abs(sum), 0);
  if (!Number.isFinite(farthest)) return Number.NaN;
  const observed = sums.reduce((total, sum) => total + sum, 0);
  const bound = Math.abs(observed) - ROUNDING * farthest;
  if (bound <= 0) return 1;
  if (sums.length <= MOST_EXACT) return exchangesBeyond(sums, bound) / 2 ** sums.length;
  return (1 + randomExchangesBeyond(sums, bound, permutations, seed)) / (1 + permutations);
}

/**
 * Counts the exchanges, out of all, whose sum is at least `bound` > 0 from zero. It pairs the sorted sums of the first
 * half with those of the second, so it takes the time of 2^(n/2) (Horowitz and Sahni 1974).
 */
function exchangesBeyond(sums: Float64Array, bound: number): number {
  const half = Math.ceil(sums.length / 2);
  const first = sumsOfExchanges(sums.subarray(0, half)).sort();
  const second = sumsOfExchanges(sums.subarray(half)).sort();
  let count = 0;
  let from = second.length; // the first of `second` that is large enough; falls as `first` rises
  for (const sum of first) {
    while (from > 0 && sum + second[from - 1]! >= bound) from--;
    count += second.length - from;
  }
  return 2 * count; // as many are at most −bound
}

/** Returns the sum of every exchange, `[2^n]`; bit i of the index says whether term i keeps its sign. */
function sumsOfExchanges(terms: Float64Array): Float64Array {
  const sums = new Float64Array(2 ** terms.length);
  sums[0] = -terms.reduce((total, term) => total + term, 0);
  for (const [bit, term] of terms.entries()) {
    const size = 2 ** bit;
    for (let index = 0; index < size; index++) sums[size + index] = sums[index]! + 2 * term;
  }
  return sums;
}

/** Counts the exchanges, out of `permutations` random ones, whose sum is at least `bound` from zero. */
function randomExchangesBeyond(
  sums: Float64Array,
  bound: number,
  permutations: number,
  seed: number,
): number {
  const random = createRandom(seed);
  const bytes = Array.from({ length: Math.ceil(sums.length / 8) }, (_, byte) =>
    sumsOfExchanges(sums.subarray(8 * byte, 8 * byte + 8)),
  );
  let extreme = 0;
  for (let permutation = 0; permutation < permutations; permutation++) {
    let total = 0;
    let coins = 0; // 32 random bits at a time
    for (let byte = 0; byte < bytes.length; byte++) {
      if (byte % 4 === 0) coins = Math.floor(random() * 2 ** 32);
      const exchanges = bytes[byte]!;
      total += exchanges[coins & (exchanges.length - 1)]!;
      coins >>>= 8;
    }
    if (Math.abs(total) >= bound) extreme++;
  }
  return extreme;
}
