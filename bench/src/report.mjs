import { agreement, best, summariseRounds } from './summary.mjs';

/** @typedef {import('./subject.d.ts').SubjectEntry} SubjectEntry */
/** @typedef {import('./subject.d.ts').RoundResult} RoundResult */
/** @typedef {ReturnType<typeof makeReport>} Report */

/**
 * Returns all figures of a run: one row per metric, and each subject's agreement with the peer on the next token.
 *
 * @param {readonly SubjectEntry[]} subjects
 * @param {readonly import('./metrics.mjs').Metric[]} metrics
 * @param {ReadonlyMap<string, readonly RoundResult[]>} results at least one round of every subject
 */
export function makeReport(subjects, metrics, results) {
  const finished = subjects.map((subject) => {
    const rounds = results.get(subject.id) ?? [];
    return { ...subject, first: rounds[0], summary: summariseRounds(rounds) };
  });
  const peers = finished.filter(({ isPeer }) => isPeer);
  const compared = peers.length === 0 ? [] : finished.filter(({ isPeer }) => !isPeer);

  return {
    subjects: finished.map(({ id, title, isPeer, first }) => ({
      id,
      title,
      isPeer,
      about: first.about,
      agreement: peers.length === 0 ? null : agreement(first, peers[0].first),
    })),
    rows: metrics.map((metric) => {
      const toBeat = best(peers.map(({ summary }) => summary[metric.id]));
      return {
        ...metric,
        figures: Object.fromEntries(finished.map(({ id, summary }) => [id, summary[metric.id]])),
        ratios: Object.fromEntries(
          compared.map(({ id, summary }) => [id, ratio(summary[metric.id], toBeat)]),
        ),
      };
    }),
  };
}

/** @typedef {Pick<import('./subject.d.ts').Summary, 'median' | 'p10'>} Figure */

/**
 * @param {Figure} ours
 * @param {Figure} peer
 */
function ratio(ours, peer) {
  return { median: ours.median / peer.median, p10: ours.p10 / peer.p10 };
}
