/**
 * A row of the table. The goal is the largest acceptable ratio, ours ÷ peer, for each of our subjects: measuring and
 * changing attention should cost less than the peer costs without either. Loading and memory have no goal.
 *
 * @typedef {{ id: string, title: string, unit: 'ms' | 'MiB', digits: number, goal: number | null }} Metric
 */

/**
 * Returns the rows of the table for a workload.
 *
 * @param {import('./subject.d.ts').Workload} workload
 * @returns {Metric[]}
 */
export function metricsOf({ prefillTokens, decodeAt }) {
  return [
    { id: 'prefillMs', title: `prefill ${prefillTokens} tokens`, unit: 'ms', digits: 0, goal: 1 },
    ...decodeAt.map(
      (at) =>
        /** @type {Metric} */ ({
          id: decodeMetric(at),
          title: `decode at T=${at}, per token`,
          unit: 'ms',
          digits: 2,
          goal: 0.8,
        }),
    ),
    { id: 'readyMs', title: 'load, to ready', unit: 'ms', digits: 0, goal: null },
    { id: 'firstTokenMs', title: 'load, to the first token', unit: 'ms', digits: 0, goal: null },
    { id: 'peakMiB', title: 'peak memory', unit: 'MiB', digits: 0, goal: null },
  ];
}

/** @param {number} at */
export function decodeMetric(at) {
  return `decodeMs@${at}`;
}
