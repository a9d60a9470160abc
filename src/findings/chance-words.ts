import { estimateText, numberText, verdictOf } from '../report/index.js';
import type { SliceAnalysis } from './analysis.js';
import { chanceCoverage } from './chance.js';
import { gapText } from './gaps.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

/** Says what probes score by chance, and how far the baseline is above it. */
export function chanceWords(analysis: SliceAnalysis, spec: ReportedSpec): string[] {
  const { slice, chance, baseline, courses } = analysis;
  if (!courses.some(({ stability }) => stability.rounds.length > 0)) return [];
  if (chance === null && slice.chanceGaps.length > 0) {
    return [
      `Chance is not known yet: of the cells that ask for it, ${gapText(slice.chanceGaps)}. So it is not known whether the model is at the floor.`,
    ];
  }
  if (chance === null) {
    return [
      'Chance is not known: the study did not ask its probes without the prompt. So stability may be what the judges give ' +
        'to any answer, and it is not known whether the model is at the floor. Run the study again to measure chance.',
    ];
  }
  const { probed, known } = chanceCoverage(slice.arms[0]!.shared, slice.chance);
  const conditions = [
    { estimate: chance.none, words: 'without a system message' },
    { estimate: chance.unrelated, words: 'under an unrelated prompt' },
  ].filter(({ estimate }) => !Number.isNaN(estimate.value));
  const windows = [
    { estimate: baseline?.aboveChance.early, rounds: spec.early },
    { estimate: baseline?.aboveChance.late, rounds: spec.late },
  ].flatMap(({ estimate, rounds }) =>
    estimate === undefined || Number.isNaN(estimate.value)
      ? []
      : [`${estimateText(estimate)} in ${roundsText(rounds)}`],
  );
  return [
    [
      `Chance: without its prompt, the untouched model scores ${estimateText(chance.both)} on these probes ` +
        `(${conditions.map(({ estimate, words }) => `${numberText(estimate.value)} ${words}`).join(', ')}).`,
      ...(windows.length === 0
        ? []
        : [`Above chance, the stability of ${baseline!.name} is ${windows.join(' and ')}.`]),
      ...(known === probed
        ? []
        : [
            `Chance is known for ${known} of ${probed} dialogues; numbers above chance cover the probes whose chance is known.`,
          ]),
    ].join(' '),
  ];
}

/** Says that the model is at the floor, and what shows it. */
export function floorWords({ floor }: SliceAnalysis): string[] {
  if (floor === null) return [];
  const { arm, first, chance, aboveChance } = floor;
  const side = verdictOf(aboveChance) === 'below' ? 'below chance' : 'not distinguishable from chance';
  const above = Number.isNaN(aboveChance.value)
    ? 'every answer passes without the prompt, so these probes cannot show whether it is followed'
    : `${estimateText(aboveChance, { signed: true })} above chance, ${side}`;
  return [
    `At the floor: under ${arm}, stability in round ${first.round} is ${estimateText(first)}, and ${numberText(chance.value)} by chance: ${above}. ` +
      'A model that does not follow its system prompt at the start has nothing to lose, so no arm is called better on it.',
  ];
}
