import { stepSample } from './measure.mjs';
import { WORKLOADS } from './workload.mjs';

/**
 * A row of the table.
 *
 * @typedef {object} Metric
 * @property {string} title
 * @property {string} workload
 * @property {string} sample the samples of the workload that the row shows
 * @property {'ms' | 'MiB' | 'tokens/s'} unit of the figures; for tokens/s the samples are the times of steps
 * @property {number} batch tokens in a step
 * @property {Readonly<Partial<Record<'peer' | 'off', number>>>} goals the largest acceptable ratios of an executor that
 *   measures and changes attention: to the peer, which does neither, and to the same executor if it does neither
 */

/**
 * Returns the rows of the table.
 *
 * @param {readonly Workload[]} ran
 * @param {boolean} inTurns whether all subjects shared a process: loading and memory are then not those of one subject
 * @returns {Metric[]}
 */
export function metricsOf(ran, inTurns) {
  const { short, middle, long, batch } = WORKLOADS;
  const times = [
    row(`prefill of ${middle.prefill.tokens} tokens`, middle, 'prefillMs', 'ms', { peer: 1, off: 1.05 }),
    row(`prefill of ${long.prefill.tokens} tokens`, long, 'prefillMs', 'ms', { peer: 1, off: 1.05 }),
    row(`decode at T=${short.decodeAt}`, short, stepSample(1), 'ms', { peer: 0.9, off: 1.05 }),
    row(`decode at T=${middle.decodeAt}`, middle, stepSample(1), 'ms', { peer: 0.9, off: 1.05 }),
    row(`decode at T=${long.decodeAt}`, long, stepSample(1), 'ms', { peer: 1, off: 1.05 }),
    ...batch.batches.map((size) =>
      row(`decode, batch of ${size}`, batch, stepSample(size), 'tokens/s', { off: 1.05 }, size),
    ),
  ];
  const ofProcess = [
    row('load, to ready', short, 'readyMs', 'ms', { peer: 0.5 }),
    row('load, to the first token', short, 'firstTokenMs', 'ms', { peer: 0.5 }),
    row(`peak memory at T=${short.decodeAt}`, short, 'peakMiB', 'MiB', { peer: 1 }),
    row(`peak memory at T=${long.decodeAt}`, long, 'peakMiB', 'MiB', { peer: 1 }),
  ];
  return [...times, ...(inTurns ? [] : ofProcess)].filter(({ workload }) =>
    ran.some(({ id }) => id === workload),
  );
}

/** @typedef {import('./subject.d.ts').Workload} Workload */

/**
 * @param {string} title
 * @param {Workload} workload
 * @param {string} sample
 * @param {Metric['unit']} unit
 * @param {Metric['goals']} goals
 * @returns {Metric}
 */
function row(title, { id }, sample, unit, goals, batch = 1) {
  return { title, workload: id, sample, unit, batch, goals };
}
