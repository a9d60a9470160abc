/** @typedef {import('./subject.d.ts').Summary} Summary */
/** @typedef {import('./subject.d.ts').RoundResult} RoundResult */

/**
 * @param {readonly number[]} samples
 * @returns {Summary}
 */
export function summarise(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), p10: quantile(sorted, 0.1), count: sorted.length };
}

/**
 * Linear interpolation between the closest ranks (Hyndman and Fan's type 7, NumPy's default).
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
 * One subject's rounds pooled, by metric.
 *
 * @param {readonly RoundResult[]} results
 * @returns {Record<string, Summary>}
 */
export function summariseRounds(results) {
  const ids = Object.keys(results[0].samples);
  return Object.fromEntries(ids.map((id) => [id, summarise(results.flatMap(({ samples }) => samples[id]))]));
}

/**
 * The figure to beat: the best median and the best 10th percentile any of the peer's settings reached.
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
 * Share of decode steps at which two subjects' greedy tokens agree: a runtime that computes something else must
 * not pass for a fast one. Different kernels round differently, so near ties fall either way.
 *
 * @param {RoundResult} one
 * @param {RoundResult} other
 */
export function agreement(one, other) {
  const same = one.greedy.filter((token, step) => token === other.greedy[step]);
  return same.length / one.greedy.length;
}
