import { referenceText } from '../influence/index.js';
import type { DataTable } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { effectWords } from './effect-words.js';
import { influenceVerdict } from './influence-words.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

/**
 * Returns what a reader of ten seconds needs: every arm's stability and influence in the late rounds, how they differ from the
 * baseline's, and what the arm costs. Readers do not see columns that the study did not measure.
 */
export function summaryTable(analysis: SliceAnalysis, { late }: ReportedSpec): DataTable {
  const { slice, courses, effects, influence, costs, floor } = analysis;
  const { baseline } = slice;
  const beside = { name: baseline, atFloor: floor !== null };
  const [first] = influence?.arms ?? [];
  const isLate = (arm: string) => (effect: { arm: string; against: string; window: string }) =>
    effect.arm === arm && effect.against === baseline && effect.window === 'late';
  return {
    name: 'summary',
    title: 'In short',
    note: `In ${roundsText(late)}. Compared with ${baseline}, corrected for the number of comparisons.`,
    columns: [
      { name: 'arm', heading: 'arm' },
      {
        ...{ name: 'stability', heading: 'stability' },
        note: 'Stability: the mean score of probes, 0 to 1.',
      },
      { name: 'stability_difference', heading: `− ${baseline}`, signed: true },
      { name: 'stability_in_words', heading: 'in words' },
      {
        ...{ name: 'influence', heading: 'influence', digits: 3 },
        note: `Influence: of the prompt beside ${first === undefined ? 'another' : referenceText(first.reference)}, in nats a token.`,
      },
      { name: 'influence_ratio', heading: `× ${baseline}` },
      { name: 'influence_in_words', heading: 'in words' },
      {
        ...{ name: 'kl', heading: 'cost', digits: 3 },
        note: "Cost: KL divergence from the untouched model's next token, in nats a token.",
      },
    ],
    rows: slice.measured.map(({ name }) => {
      const stability = courses.find((course) => course.name === name)?.stability.late ?? null;
      const effect = effects.find(isLate(name));
      const own = influence?.arms.find((arm) => arm.name === name && arm.reference === first?.reference);
      const gain = influence?.effects
        .filter(({ reference }) => reference === first?.reference)
        .find(isLate(name));
      return [
        name,
        stability === null || Number.isNaN(stability.value) ? null : stability,
        effect?.difference ?? null,
        effect === undefined ? null : effectWords(effect, beside),
        own?.late ?? null,
        own?.ratio ?? null,
        gain === undefined ? null : influenceVerdict(gain),
        costs.find((cost) => cost.name === name)?.kl ?? null,
      ];
    }),
  };
}
