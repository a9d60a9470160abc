import type { DataTable } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { type QualityCheck, type QualityVerdict, qualityVerdict } from './quality.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

/** Returns what probes score by chance, over all of them and by part; no rows if chance is not known. */
export function chanceTable({ chance, courses }: SliceAnalysis): DataTable {
  const parts = [
    { name: 'all', kind: 'prompts', chance },
    ...(courses[0]?.parts ?? []).map(({ kind, name, chance }) => ({ name, kind, chance })),
  ];
  return {
    name: 'chance',
    title: 'Chance',
    note:
      "The score of the probes' answers if the model does not have the prompt: the untouched model answers each probe as the first message of a dialogue " +
      "without a system message, and of one under an unrelated prompt (of another group, with another judge), and the prompt's own judge scores the answers. " +
      'Chance is the mean of the two.',
    columns: [
      { name: 'part', heading: 'part' },
      { name: 'of', heading: 'of' },
      { name: 'chance', heading: 'chance' },
      { name: 'none', heading: 'no system message' },
      { name: 'unrelated', heading: 'unrelated prompt' },
    ],
    rows: parts.flatMap(({ name, kind, chance }) =>
      chance === null ? [] : [[name, kind, chance.both, chance.none, chance.unrelated]],
    ),
  };
}

/** Returns stability above chance of every arm; no rows if chance is not known. */
export function aboveChanceTable(
  { chance, courses }: SliceAnalysis,
  { early, late }: ReportedSpec,
): DataTable {
  return {
    name: 'above-chance',
    title: 'Stability above chance',
    note:
      `Σ (s − c) / Σ (1 − c) over probes with score s and chance c: 0 for a model that answers as it does without the prompt, 1 for one that always obeys; early (${roundsText(early)}) and late (${roundsText(late)}). ` +
      "The intervals include the uncertainty of chance, because a prompt's chance is drawn with its dialogues.",
    columns: [
      { name: 'arm', heading: 'arm' },
      { name: 'early', heading: 'early', signed: true },
      { name: 'late', heading: 'late', signed: true },
      { name: 'change', heading: 'late − early', signed: true },
    ],
    rows:
      chance === null
        ? []
        : courses.map(({ name, aboveChance: { early, late, change } }) => [name, early, late, change]),
  };
}

const VERDICTS: Readonly<Record<QualityVerdict, string>> = {
  broken: 'broken',
  worse: 'worse, by at most a tenth',
  better: 'better',
  unclear: 'no difference seen',
};

/** Returns ability, fluency, perplexity and choice of every arm beside the untouched one. */
export function qualityTable({ quality }: SliceAnalysis): DataTable {
  const beside = quality[0]?.beside ?? 'off';
  return {
    name: 'quality',
    title: `Ability and perplexity beside ${beside}`,
    note:
      `Ability and fluency of the dialogue's own answers over all rounds, on the dialogues that both arms have; perplexity of held-out text and the fraction of right choices, on the same items. ` +
      "p: two-sided paired permutation test over prompts or items (of perplexity, on its logarithm); corrected: the larger of it and of the test of the mean, after Holm's correction over the rows of this table in all of the study, which are a family of their own. " +
      'Broken: worse by more than a tenth of its value.',
    columns: [
      { name: 'arm', heading: 'arm' },
      { name: 'quality', heading: 'quality' },
      { name: 'clusters', heading: 'prompts or items', digits: 0 },
      { name: 'own', heading: 'arm' },
      { name: 'untouched', heading: beside },
      { name: 'difference', heading: 'difference', signed: true },
      { name: 'p', heading: 'p', digits: 4 },
      { name: 'p_holm', heading: 'p, corrected', digits: 4 },
      { name: 'words', heading: 'in words' },
    ],
    rows: quality.map((check: QualityCheck) => [
      check.arm,
      check.quality,
      check.clusters,
      check.own,
      check.untouched,
      check.difference,
      check.p,
      check.pHolm,
      VERDICTS[qualityVerdict(check)],
    ]),
  };
}
