import { type Verdict, verdictOf } from '../report/index.js';
import type { Estimate } from '../statistics/index.js';
import type { SliceAnalysis } from './analysis.js';
import type { LengthCorrelation } from './correlation.js';
import { signed, whyUntold } from './effect-words.js';
import { roundsText } from './rounds-text.js';
import type { ReportedSpec } from './study-result.js';

/** Says whether stability follows the prompt's share of attention, and what the prompt's length has to do with it. */
export function shareWords({ correlations, slice }: SliceAnalysis, { late }: ReportedSpec): string[] {
  const own = correlations.find(({ name }) => name === slice.baseline);
  if (own === undefined) return [];
  const { clusters } = slice.sample;
  const rounds = correlationText(own.overRounds, OVER_ROUNDS, clusters);
  const dialogues = correlationText(own.overDialogues, OVER_DIALOGUES, clusters);
  return [
    `Stability and the prompt's share of attention, under ${own.name}. Over rounds: ${rounds}. Any two quantities that fall as the dialogue grows correlate over rounds, so dialogues are the harder test. ` +
      `Over dialogues, in ${roundsText(late)}: ${dialogues}.`,
    ...(own.byLength === null ? [] : [lengthText(own.byLength, own.name, late, clusters)]),
  ];
}

/** What a correlation over rounds shows, by its interval. */
const OVER_ROUNDS: Readonly<Record<Verdict, string>> = {
  above: 'they rise and fall together',
  unclear: 'no correlation is seen',
  below: 'one rises as the other falls',
};

/** What a correlation over dialogues shows. */
const OVER_DIALOGUES: Readonly<Record<Verdict, string>> = {
  above: 'dialogues with a larger share are more stable',
  unclear: 'no correlation is seen',
  below: 'dialogues with a larger share are less stable',
};

/** What the correlation of share and token fraction shows. */
const BY_LENGTH: Readonly<Record<Verdict, string>> = {
  above: 'the share follows it',
  unclear: 'no correlation is seen',
  below: 'the share falls as it rises',
};

function lengthText(
  { ofShare, given, perToken }: LengthCorrelation,
  arm: string,
  late: ReportedSpec['late'],
  clusters: number,
): string {
  return (
    `The prompt's length, under ${arm}, over dialogues in ${roundsText(late)}. ` +
    `Share and token fraction (tokens of the prompt ÷ of the context): ${correlationText(ofShare, BY_LENGTH, clusters)}. ` +
    `Share and stability, given the token fraction: ${correlationText(given, OVER_DIALOGUES, clusters)}. ` +
    `Share ÷ token fraction, and stability: ${correlationText(perToken, OVER_DIALOGUES, clusters)}.`
  );
}

function correlationText(
  estimate: Estimate,
  words: Readonly<Record<Verdict, string>>,
  clusters: number,
): string {
  if (Number.isNaN(estimate.value)) return 'the correlation is undefined, because one of them does not vary';
  if (Number.isNaN(estimate.low)) return `cannot be told (${whyUntold(clusters)})`;
  return `${words[verdictOf(estimate)]} (ρ ${signed(estimate)})`;
}
