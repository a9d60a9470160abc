import { z } from 'zod';
import type { CellRecord } from '../plan/index.js';

// What a cell's file must have, as `plan/record.ts` describes it. Fields that may be null may also be missing: records of
// older versions lack some.

const int = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1);
const count = int.min(0);
const share = z.number().min(0).max(1);
const score = share;
const shares = z.array(share.nullable()).readonly();

const labels = {
  ...{ model: z.string(), executor: z.string(), precision: z.string(), source: z.string(), arm: z.string() },
  ...{ seed: int, index: int },
};
/** Tokens and passes of a record. */
const forwarded = { forwardedTokens: count, forwardPasses: count };

const probe = {
  ...{ label: z.string(), question: z.string(), rule: z.string().nullish(), repeat: int.min(1).optional() },
  ...{ answer: z.string(), score },
};

const round = z.object({
  ...{ round: int.min(1), user: z.string(), answer: z.string(), finished: z.boolean() },
  ...{ contextTokens: count, systemTokens: count.nullish(), strength: z.number().nullish() },
  notice: z.string().nullish(),
  share: z.object({ before: share.nullable(), after: share.nullable() }),
  spread: z.object({ mean: share, median: share, ninetieth: share, above: share, below: share }).nullish(),
  heads: shares,
  controls: z.object({ sink: share.nullish(), template: share.nullish(), random: share.nullish() }),
  ...{ obedience: score.nullish(), ability: score.nullish(), fluency: score },
  probes: z.array(z.object(probe)),
});

const sums = z.array(z.object({ round: int.min(1), sum: z.number(), count }));

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
    ...{ rounds: z.array(round), ...forwarded, recomputedTokens: count.optional() },
  }),
  z.object({
    ...{ kind: z.literal('cost'), ...labels, measure: z.enum(['kl', 'perplexity', 'choice']) },
    ...{ item: z.string(), sum: z.number(), count, rounds: sums.optional() },
  }),
  z.object({
    ...{ kind: z.literal('influence'), effect: z.literal('total').optional(), ...labels },
    ...{ scenario: z.string(), system: z.string() },
    ...{ references: z.array(reference), idle: z.array(int.min(1)).optional(), ...forwarded },
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
