import type { CellRecord } from '../plan/index.js';
import {
  type Check,
  hasFields,
  isBoolean,
  isInteger,
  isListOf,
  isNumber,
  isOfKind,
  isOneOf,
  isText,
  isWithin,
  orMissing,
  orNothing,
  orNull,
} from './checks.js';

// What a cell's file must have, as `plan/record.ts` describes it. Fields that may be null may also be missing: records of
// older versions lack some.

const count = isInteger(0);
const number = isInteger(1);
const share = isWithin(0, 1);
const score = share;
const shares = isListOf(orNull(share));

const labels = {
  ...{ model: isText, executor: isText, precision: isText, source: isText, arm: isText },
  ...{ seed: isInteger(), index: isInteger() },
};
/** Accepts what has the labels of a cell. */
export const hasLabels = hasFields(labels);
/** Accepts what a cost can measure. */
export const isMeasure = isOneOf('kl', 'perplexity', 'choice');
/** Tokens and passes of a record. */
const forwarded = { forwardedTokens: count, forwardPasses: count };

const probe = {
  ...{ label: isText, question: isText, rule: orNothing(isText), repeat: orMissing(number) },
  ...{ answer: isText, score },
};

const round = hasFields({
  ...{ round: number, user: isText, answer: isText, finished: isBoolean },
  ...{ contextTokens: count, systemTokens: orNothing(count), strength: orNothing(isNumber) },
  notice: orNothing(isText),
  share: hasFields({ before: orNull(share), after: orNull(share) }),
  spread: orNothing(hasFields({ mean: share, median: share, ninetieth: share, above: share, below: share })),
  heads: shares,
  controls: hasFields({ sink: orNothing(share), template: orNothing(share), random: orNothing(share) }),
  ...{ obedience: orNothing(score), ability: orNothing(score), fluency: score },
  probes: isListOf(hasFields(probe)),
});

const sums = isListOf(hasFields({ round: number, sum: isNumber, count }));

const reference = hasFields({ name: isText, system: orNothing(isText), rounds: sums });

const chance = hasFields({
  ...{ ...labels, scenario: isText, group: isText, system: isText },
  unrelated: orNothing(hasFields({ id: isText, system: isText })),
});
const answersUnder = (...under: readonly string[]): Check =>
  hasFields({ answers: isListOf(hasFields({ ...probe, under: isOneOf(...under) })) });
const [answersAlone, answersBoth] = [answersUnder('none'), answersUnder('none', 'unrelated')];
const hasUnrelated = hasFields({ unrelated: hasFields({}) });
/** An answer under an unrelated prompt needs that prompt. */
const isChance: Check = (record) =>
  chance(record) ?? (hasUnrelated(record) === null ? answersBoth : answersAlone)(record);

const records = new Map<CellRecord['kind'], Check>([
  ['failure', hasFields({ ...labels, error: isText })],
  [
    'dialogue',
    hasFields({
      ...{ ...labels, scenario: isText, group: isText, system: isText },
      ...{ rounds: isListOf(round), ...forwarded, recomputedTokens: orMissing(count) },
    }),
  ],
  [
    'cost',
    hasFields({
      ...{ ...labels, measure: isMeasure },
      ...{ item: isText, sum: isNumber, count, rounds: orMissing(sums) },
    }),
  ],
  [
    'influence',
    hasFields({
      ...{ ...labels, effect: orMissing(isOneOf('total')), scenario: isText, system: isText },
      ...{ references: isListOf(reference), idle: orMissing(isListOf(number)), ...forwarded },
    }),
  ],
  ['ranking', hasFields({ ...labels, scenario: isText, system: orNothing(isText), heads: isListOf(shares) })],
  ['chance', isChance],
]);

const isRecord = isOfKind(records);

/** Returns parsed JSON as the record that it is, or why it is none. */
export function checkRecord(json: unknown): { readonly record: CellRecord } | { readonly damage: string } {
  const wrong = isRecord(json);
  return wrong === null ? { record: json as CellRecord } : { damage: `the record is invalid: ${wrong}` };
}
