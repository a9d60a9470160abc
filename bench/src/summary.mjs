/** @typedef {import('./subject.d.ts').Summary} Summary */
/** @typedef {import('./subject.d.ts').RoundResult} RoundResult */

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
 * Pools the rounds of one subject, by metric.
 *
 * @param {readonly RoundResult[]} results
 * @returns {Record<string, Summary>}
 */
export function summariseRounds(results) {
  const ids = Object.keys(results[0].samples);
  return Object.fromEntries(ids.map((id) => [id, summarise(results.flatMap(({ samples }) => samples[id]))]));
}

/**
 * Returns the figures to beat: the best median and the best 10th percentile over the peer's settings.
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
 * @param {RoundResult} one
 * @param {RoundResult} other
 */
export function agreement(one, other) {
  const same = one.greedy.filter((token, step) => token === other.greedy[step]);
  return same.length / one.greedy.length;
}
