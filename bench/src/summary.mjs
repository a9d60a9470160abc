/** @typedef {import('./subject.d.ts').Summary} Summary */
/** @typedef {import('./subject.d.ts').Result} Result */

/**
 * Returns the median, the 10th percentile and the count of samples.
 *
 * @param {readonly number[]} samples
 * @returns {Summary}
 */
export function summarise(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), p10: quantile(sorted, 0.1), count: sorted.length };
}

/**
 * Returns a quantile by linear interpolation between the closest ranks (Hyndman and Fan's type 7, NumPy's default).
 *
 * @param {readonly number[]} sorted ascending, not empty
 * @param {number} fraction
 */
function quantile(sorted, fraction) {
  const rank = (sorted.length - 1) * fraction;
  const below = Math.floor(rank);
  const above = Math.ceil(rank);
  return sorted[below] + (sorted[above] - sorted[below]) * (rank - below);
}

/**
 * Returns the figures to beat: the best median and the best 10th percentile.
 *
 * @param {readonly Summary[]} summaries
 */
export function best(summaries) {
  return {
    median: Math.min(...summaries.map(({ median }) => median)),
    p10: Math.min(...summaries.map(({ p10 }) => p10)),
  };
}

/**
 * Returns the fraction of decode steps at which two subjects choose the same greedy token. It reveals a runtime that is
 * fast because it computes something else. Kernels round differently, so near ties can fall either way.
 *
 * @param {readonly Result[]} one
 * @param {readonly Result[]} other the same workloads in the same order
 */
export function agreement(one, other) {
  const chosen = one.flatMap(({ greedy }) => greedy);
  const others = other.flatMap(({ greedy }) => greedy);
  return chosen.filter((token, step) => token === others[step]).length / chosen.length;
}
