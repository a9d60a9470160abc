import { z } from 'zod';
import { findPolicy } from '../attention/index.js';

const count = z.int().min(0);

const window = z.tuple([z.int().min(1), z.int().min(1)]);

const NamedTarget = z.union([
  z.object({ kind: z.enum(['prefix', 'message', 'content', 'sink', 'template']) }),
  z.object({ kind: z.literal('random'), seed: z.number() }),
  z.object({ kind: z.literal('range'), range: z.object({ start: count, end: count }) }),
]);

const Schedule = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('constant'), strength: z.number() }),
  z.object({ kind: z.literal('per-turn'), from: z.number(), to: z.number(), step: z.number() }),
  z.object({ kind: z.literal('per-token'), from: z.number(), to: z.number(), rate: z.number() }),
  z.object({ kind: z.literal('target'), share: z.number() }),
]);

const HeadChoice = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('all') }),
  z.object({ kind: z.literal('grid'), layers: z.array(count).nullable(), heads: z.array(count).nullable() }),
  z.object({ kind: z.literal('pairs'), pairs: z.array(z.tuple([count, count])) }),
  z.object({ kind: z.enum(['top', 'bottom']), count, by: z.enum(['share', 'decay']) }),
  z.object({ kind: z.literal('random'), count, seed: z.number() }),
]);

/** The policy's current name, or an unknown name unchanged: a report also shows arms of later versions. */
const policyName = z.string().transform((name) => findPolicy(name) ?? name);

const Arm = z.object({
  name: z.string(),
  policy: policyName,
  schedule: Schedule.nullable(),
  target: z.union([NamedTarget, z.object({ kind: z.literal('not'), of: NamedTarget })]),
  on: HeadChoice,
  cache: z.literal('clean').optional(),
  silence: HeadChoice.nullable(),
  repeatEvery: z.number().nullable(),
  reminder: z.union([z.literal(true), z.string()]).optional(),
  guidance: z.number().nullable(),
  /** Older studies have no such arm. */
  noSystem: z.boolean().default(false),
  measure: z.array(z.enum(['dialogues', 'costs', 'influence'])).optional(),
});

const Sampling = z.object({
  temperature: z.number().optional(),
  topK: z.number().optional(),
  topP: z.number().optional(),
  minP: z.number().optional(),
  repetitionPenalty: z.number().optional(),
});

const dialogues = {
  name: z.string(),
  first: z.int().default(0),
  dialogues: z.int(),
  rounds: z.int(),
};

const Influence = z.object({
  dialogues: z.int(),
  references: z.array(z.enum(['others', 'paraphrase', 'none'])),
  rounds: z.array(z.int()).nullable(),
  paraphrases: z.record(z.string(), z.string()).optional(),
  total: z.literal(true).optional(),
});

const Contrast = z.object({ left: z.string(), right: z.string() });

/** An analysis plan. Studies of older versions have early and late rounds only. */
const plan = {
  primary: z
    .enum([
      ...(['early stability', 'late stability', 'last stability'] as const),
      ...(['early influence', 'late influence', 'last influence'] as const),
    ])
    .nullable()
    .default(null),
  early: window,
  late: window,
  contrasts: z.array(Contrast).default([]),
  margin: z.number().nullable().default(null),
};

/** The part of `study.json` that a report needs. */
export const StudyFile = z.object({
  versions: z.record(z.string(), z.string()),
  now: z.string().nullable(),
  models: z.array(
    z.object({
      name: z.string(),
      hash: z.string(),
      layers: z.int().min(1),
      heads: z.int().min(1),
      mayWriteTime: z.boolean(),
    }),
  ),
  text: z.string(),
  origin: z.object({ file: z.string(), calibrates: z.boolean() }),
  spec: z.object({
    name: z.string(),
    question: z.string().nullable(),
    models: z.array(
      z.object({
        name: z.string(),
        executor: z.string(),
        precision: z.string().nullable(),
        trained: z.object({ recipe: z.string(), seed: z.int() }).optional(),
      }),
    ),
    sources: z.array(z.object({ kind: z.string(), ...dialogues })),
    seeds: z.array(z.int()),
    /** Older studies do not measure it. */
    influence: Influence.nullable().default(null),
    sampling: Sampling,
    maxTokens: z.int(),
    arms: z.array(Arm).min(1),
    ...plan,
  }),
  analysis: z
    .object({
      sha256: z.string(),
      plan: z.object({
        ...plan,
        sources: z.array(z.object(dialogues)),
        seeds: z.array(z.int()),
        influence: Influence.optional(),
        arms: z.array(Arm),
      }),
    })
    .nullable(),
});
