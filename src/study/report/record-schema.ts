import { z } from 'zod';
import type { CellRecord } from '../index.js';

/** Records and the specification as they lie in a folder. */

const share = z.number().min(0).max(1);
const score = z.number().min(0).max(1);
const count = z.int().min(0);

const labels = {
  model: z.string(),
  executor: z.string(),
  precision: z.string(),
  source: z.string(),
  arm: z.string(),
  seed: z.int(),
  index: z.int(),
};

const Round = z.object({
  round: z.int().min(1),
  user: z.string(),
  answer: z.string(),
  finished: z.boolean(),
  contextTokens: count,
  strength: z.number().nullable(),
  share: z.object({ before: share, after: share }),
  spread: z.object({ mean: share, median: share, ninetieth: share, above: share, below: share }),
  heads: z.array(share),
  controls: z.object({ sink: share, template: share, random: share.nullable() }),
  obedience: score.nullable(),
  ability: score.nullable(),
  fluency: score,
  probes: z.array(z.object({ label: z.string(), question: z.string(), answer: z.string(), score })),
});

/** What is kept of a cell. */
export const KeptCell: z.ZodType<CellRecord> = z.discriminatedUnion('kind', [
  z.object({
    ...labels,
    kind: z.literal('dialogue'),
    scenario: z.string(),
    group: z.string(),
    system: z.string(),
    rounds: z.array(Round),
    forwardedTokens: count,
    forwardPasses: count,
  }),
  z.object({
    ...labels,
    kind: z.literal('cost'),
    measure: z.enum(['kl', 'perplexity', 'choice']),
    item: z.string(),
    sum: z.number(),
    count: z.number().min(0),
  }),
  z.object({
    ...labels,
    kind: z.literal('ranking'),
    scenario: z.string(),
    heads: z.array(z.array(share)),
  }),
  z.object({ ...labels, kind: z.literal('failure'), error: z.string() }),
]);

const window = z.tuple([z.int().min(1), z.int().min(1)]);

/** `study.json`, as far as a report needs it. */
export const StudyFile = z.object({
  versions: z.record(z.string(), z.string()),
  models: z.array(
    z.object({ name: z.string(), hash: z.string(), layers: z.int().min(1), heads: z.int().min(1) }),
  ),
  text: z.string(),
  origin: z.object({ file: z.string() }),
  spec: z.object({
    name: z.string(),
    question: z.string().nullable(),
    models: z.array(z.object({ name: z.string(), executor: z.string(), precision: z.string().nullable() })),
    sources: z.array(z.object({ name: z.string(), kind: z.string(), dialogues: z.int(), rounds: z.int() })),
    seeds: z.array(z.int()),
    sampling: z.looseObject({}),
    maxTokens: z.int(),
    arms: z
      .array(
        z.looseObject({
          name: z.string(),
          policy: z.string(),
          silence: z.looseObject({}).nullable(),
          guidance: z.number().nullable(),
          repeatEvery: z.number().nullable(),
        }),
      )
      .min(1),
    early: window,
    late: window,
  }),
});
