import type { DataTable } from '../report/index.js';
import { DIFFERENCES, type Estimate, meanOf, SCORES } from '../statistics/index.js';
import { comparedIn, pairDialogues } from './effects.js';
import { createInference } from './inference.js';
import { roundsText } from './rounds-text.js';
import { between, probeScores, scoreOf, scoresIn } from './scores.js';
import { type Slice, sliceName, slicesOf } from './slices.js';
import type { ReportedSpec, StudyResult } from './study-result.js';

/**
 * Returns one small table per model and source: what each arm came to in the late rounds, and how much that differs from
 * the first arm. It tests nothing; the report does.
 */
export function briefTables(study: StudyResult): DataTable[] {
  return slicesOf(study).map((slice) => briefTable(slice, study.spec));
}

function briefTable(slice: Slice, { late }: Pick<ReportedSpec, 'late'>): DataTable {
  const { estimate } = createInference();
  const first = slice.arms.find(({ name }) => name === slice.baseline);
  const has = between(late);
  const rows = slice.arms.map((arm) => {
    const mean = (scores: Parameters<typeof meanOf>[0]): Estimate =>
      estimate(scores.length, meanOf(scores), SCORES);
    const differences =
      first === undefined || first === arm
        ? []
        : comparedIn(pairDialogues(arm.dialogues, first.dialogues), has).differences;
    return [
      arm.name,
      arm.dialogues.length,
      mean(scoresIn(arm.shared, has, probeScores())),
      differences.length === 0 ? null : estimate(differences.length, meanOf(differences), DIFFERENCES),
      mean(scoresIn(arm.shared, has, ({ share }) => scoreOf(share.after))),
    ];
  });
  return {
    name: 'brief',
    title: sliceName(slice.labels),
    note: `Means in the late rounds (${roundsText(late)}), with 95 % intervals over prompts. The report tests the differences.`,
    columns: [
      { name: 'arm', heading: 'arm' },
      { name: 'dialogues', heading: 'dialogues', digits: 0 },
      { name: 'stability', heading: 'stability' },
      { name: 'difference', heading: `minus ${slice.baseline}`, signed: true },
      { name: 'share', heading: "prompt's share", digits: 3 },
    ],
    rows,
  };
}
