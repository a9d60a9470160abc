import { z } from 'zod';
import type { CellRecord } from '../plan/index.js';

// What a cell's file must have, as `plan/record.ts` describes it. Fields that may be null may also be missing: records of
// older versions lack some.

const int = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1);
const share = z.number().nullable();
const shares = z.array(share).readonly();

const labels = {
  ...{ model: z.string(), executor: z.string(), precision: z.string(), source: z.string(), arm: z.string() },
  ...{ seed: int, index: int },
};
/** Tokens and passes of a record. */
const forwarded = { forwardedTokens: int, forwardPasses: int };

const probe = {
  ...{ label: z.string(), question: z.string(), rule: z.string().nullish(), repeat: int.optional() },
  ...{ answer: z.string(), score: z.number() },
};

const round = z.object({
  ...{ round: int, user: z.string(), answer: z.string(), finished: z.boolean() },
  ...{ contextTokens: int, systemTokens: int.nullish(), strength: z.number().nullish() },
  notice: z.string().nullish(),
  share: z.object({ before: share, after: share }),
  spread: z
    .object({
      ...{
        mean: z.number(),
        median: z.number(),
        ninetieth: z.number(),
        above: z.number(),
        below: z.number(),
      },
    })
    .nullish(),
  heads: shares,
  controls: z.object({ sink: share.optional(), template: share.optional(), random: share.optional() }),
  ...{ obedience: share.optional(), ability: share.optional(), fluency: z.number() },
  probes: z.array(z.object(probe)),
});

const sums = z.array(z.object({ round: int, sum: z.number(), count: int }));

const reference = z.object({ name: z.string(), system: z.string().nullish(), rounds: sums });

const answer = z.object({ ...probe, under: z.enum(['none', 'unrelated']) });

const record = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('failure'), ...labels, error: z.string() }),
  z.object({
    ...{
      kind: z.literal('dialogue'),
      ...labels,
      scenario: z.string(),
      group: z.string(),
      system: z.string(),
    },
    ...{ rounds: z.array(round), ...forwarded, recomputedTokens: int.optional() },
  }),
  z.object({
    ...{ kind: z.literal('cost'), ...labels, measure: z.enum(['kl', 'perplexity', 'choice']) },
    ...{ item: z.string(), sum: z.number(), count: int, rounds: sums.optional() },
  }),
  z.object({
    ...{ kind: z.literal('influence'), effect: z.literal('total').optional(), ...labels },
    ...{ scenario: z.string(), system: z.string() },
    ...{ references: z.array(reference), idle: z.array(int).optional(), ...forwarded },
  }),
  z.object({
    ...{ kind: z.literal('ranking'), ...labels, scenario: z.string(), system: z.string().nullish() },
    heads: z.array(shares),
  }),
  z
    .object({
      ...{
        kind: z.literal('chance'),
        ...labels,
        scenario: z.string(),
        group: z.string(),
        system: z.string(),
      },
      unrelated: z.object({ id: z.string(), system: z.string() }).nullish(),
      answers: z.array(answer),
    })
    .refine(({ unrelated, answers }) => unrelated != null || answers.every(({ under }) => under === 'none'), {
      message: 'answers under an unrelated prompt that is not there',
      path: ['unrelated'],
    }),
]);

/** Returns parsed JSON as the record that it is, or why it is none. */
export function checkRecord(json: unknown): { readonly record: CellRecord } | { readonly damage: string } {
  const { error } = record.safeParse(json);
  if (error === undefined) return { record: json as CellRecord };
  const { path, message } = error.issues[0]!;
  return { damage: `the record is invalid: ${[...path.map(String), message].join(': ')}` };
}
