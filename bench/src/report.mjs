import { agreement, best, summarise } from './summary.mjs';

/** @typedef {import('./subject.d.ts').Summary} Summary */
/** @typedef {Pick<Summary, 'median' | 'p10'>} Figure */
/** @typedef {ReturnType<typeof makeReport>} Report */

/**
 * Returns all figures of a run: one row per metric, and each subject's agreement with the first peer on the next token.
 *
 * @param {readonly import('./subject.d.ts').SubjectEntry[]} subjects
 * @param {readonly import('./metrics.mjs').Metric[]} metrics
 * @param {readonly import('./subjects.mjs').Ratio[]} ratios those whose subjects did not run are left out
 * @param {import('./rounds.mjs').Results} results
 */
export function makeReport(subjects, metrics, ratios, results) {
  const firstPeer = subjects.find(({ isPeer }) => isPeer);
  const ran = (/** @type {string} */ id) => subjects.some((subject) => subject.id === id);
  const shown = ratios.filter(({ of, to }) => ran(of) && to.some(ran));

  return {
    subjects: subjects.map(({ id, title, isPeer }) => ({
      id,
      title,
      isPeer,
      about: roundsOf(results, id)[0].about,
      agreement: firstPeer && agreement(roundsOf(results, firstPeer.id), roundsOf(results, id)),
    })),
    ratios: shown,
    rows: metrics.map((metric) => {
      const { title, workload, sample, unit, batch, goals } = metric;
      const measured = Object.fromEntries(
        subjects.map(({ id }) => [id, figureOf(roundsOf(results, id, workload), sample)]),
      );
      return {
        title,
        unit,
        figures: unit === 'tokens/s' ? mapValues(measured, (step) => rateOf(step, batch)) : measured,
        ratios: shown.map(({ of, to, goal }) => ({
          ...ratio(measured[of], best(to.filter(ran).map((id) => measured[id]))),
          goal: (goal && goals[goal]) ?? null,
        })),
      };
    }),
  };
}

/**
 * Returns a subject's results of one workload or of all.
 *
 * @param {import('./rounds.mjs').Results} results
 * @param {string} subject
 * @param {string} [workload]
 */
function roundsOf(results, subject, workload) {
  const byWorkload = results.get(subject) ?? new Map();
  return workload === undefined ? [...byWorkload.values()].flat() : (byWorkload.get(workload) ?? []);
}

/**
 * Summarises samples, pooled over the rounds.
 *
 * @param {readonly import('./subject.d.ts').Result[]} rounds
 * @param {string} sample
 */
function figureOf(rounds, sample) {
  return summarise(rounds.flatMap(({ samples }) => samples[sample]));
}

/**
 * Returns the tokens per second of steps. Its `p10` is the rate of the fast steps, as elsewhere.
 *
 * @param {Summary} stepMs
 * @param {number} batch tokens in a step
 * @returns {Summary}
 */
function rateOf({ median, p10, count }, batch) {
  return { median: (1000 * batch) / median, p10: (1000 * batch) / p10, count };
}

/**
 * @template From, To
 * @param {Readonly<Record<string, From>>} record
 * @param {(value: From) => To} map
 * @returns {Record<string, To>}
 */
function mapValues(record, map) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/**
 * @param {Figure} one
 * @param {Figure} other
 * @returns {Figure}
 */
function ratio(one, other) {
  return { median: one.median / other.median, p10: one.p10 / other.p10 };
}
