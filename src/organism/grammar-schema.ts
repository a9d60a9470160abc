import { z } from 'zod';

const text = z.string().min(1);
const texts = z.array(text).min(1);
const weight = z.number().positive();
const chance = z.number().min(0).max(1);
const count = z.number().int().positive();

/** The effect of an instruction on the sentences of an answer. */
const effect = z.discriminatedUnion('kind', [
  /** Keeps only the first sentences. */
  z.strictObject({ kind: z.literal('sentences'), count }),
  /** Inserts a text before the final mark of a sentence. */
  z.strictObject({ kind: z.literal('insert'), sentence: z.enum(['first', 'last']), text }),
  z.strictObject({ kind: z.literal('prefix'), text }),
  z.strictObject({ kind: z.literal('suffix'), text }),
  z.strictObject({ kind: z.literal('list'), bullet: text }),
  z.strictObject({ kind: z.literal('case'), to: z.enum(['upper', 'lower']) }),
  z.strictObject({ kind: z.literal('json'), key: text }),
]);

/** The rule that decides whether an answer follows an instruction; see instruction-judge.ts. */
const judge = z.discriminatedUnion('rule', [
  z.strictObject({ rule: z.literal('sentences'), count }),
  z.strictObject({ rule: z.literal('contains'), text }),
  z.strictObject({ rule: z.literal('only-from'), slot: text }),
  z.strictObject({ rule: z.literal('first-word'), text }),
  z.strictObject({ rule: z.literal('last-word'), text }),
  z.strictObject({ rule: z.literal('lines-begin'), text }),
  z.strictObject({ rule: z.literal('case'), is: z.enum(['upper', 'lower']) }),
  z.strictObject({ rule: z.literal('json'), key: text }),
  z.strictObject({ rule: z.literal('only'), slot: text }),
  z.strictObject({ rule: z.literal('withholds'), slot: text, says: text }),
]);

const family = z.strictObject({
  /** Where the instruction shows: in every answer, in answers about its topic, or only when the user asks for it. */
  shown: z.enum(['always', 'topic', 'asked']),
  weight,
  /** A prompt contains at most one family of each group. */
  groups: z.array(text),
  /** Slots drawn with the instruction, in order. */
  parameters: z.array(text),
  /** Weight as a user's style; families without one are never a style. */
  style: weight.optional(),
  instructions: texts,
  effect: effect.optional(),
  /** For `shown: asked`: the question's entry in `asks`, and the answer. */
  ask: text.optional(),
  answer: text.optional(),
  judge,
});

/** Values that depend on another slot, as a thing depends on its kind. */
const dependentList = z.strictObject({ by: text, lists: z.record(text, texts) });

export const grammarSchema = z.strictObject({
  version: z.literal(1),
  about: z.string(),
  heldOut: z.strictObject({ oneIn: count }),
  values: z.record(text, z.union([texts, dependentList])),
  topics: z.record(text, z.strictObject({ questions: texts, answers: texts, details: texts })),
  asks: z.record(text, z.strictObject({ questions: texts, unknown: text, says: texts, replies: texts })),
  closings: texts,
  prompts: z.strictObject({ bare: texts, opening: text }),
  families: z.record(text, family),
  chances: z.strictObject({
    /** Weights of one, two and three instructions. */
    instructions: z.tuple([weight, weight, weight]),
    bare: chance,
    opening: chance,
    style: chance,
    oneSentence: chance,
    ask: chance,
    askOwn: chance,
    askOwnKind: chance,
    say: chance,
    mentionTopic: chance,
  }),
});

/** The organism's language, as stored in models/organism/grammar.json. */
export type Grammar = z.infer<typeof grammarSchema>;
/** A family of instructions: its wording, its effect on answers and its judge. */
export type Family = z.infer<typeof family>;
