import { z } from 'zod';
import { ruleSchema } from './rule.js';

/** Bounds that nothing sensible meets; what is read from a file is held against them before it is used. */
const textUpTo = (characters: number) =>
  z
    .string()
    .max(characters)
    .refine((said) => said.trim() !== '', { message: 'it is blank' });
const text = textUpTo(4000);
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'a name is made of a-z, 0-9 and dashes, at most 60');
const listOf = <Item extends z.ZodType>(item: Item, max: number) => z.array(item).min(1).max(max);

const exchange = z.strictObject({ user: text, assistant: text });

const prompt = z.strictObject({
  id: name,
  system: text,
  /** Whether every answer shows if the prompt is kept to, or only answers to its probes. */
  shown: z.enum(['always', 'asked']),
  probes: listOf(z.strictObject({ question: text }), 40),
  judge: ruleSchema,
  /** Exchanges whose answers obey, for primed dialogues. */
  given: z.array(exchange).max(12).default([]),
  /** Answers that the judge has to score at least 0.99, and at most 0.5. */
  good: z.array(text).max(40).default([]),
  bad: z.array(text).max(40).default([]),
});

export const promptsSchema = listOf(prompt, 2000);
export const openersSchema = listOf(text, 5000);
export const scriptSchema = z.strictObject({ style: text, messages: listOf(text, 500) });
export const textsSchema = listOf(z.strictObject({ id: name, kind: name, text }), 2000);
export const dialoguesSchema = listOf(
  z.strictObject({ id: name, system: text, exchanges: listOf(exchange, 40) }),
  2000,
);
export const choiceSchema = z.strictObject({
  question: textUpTo(20_000),
  choices: z.tuple([text, text, text, text]),
  /** A letter, or an index from 0. */
  answer: z.union([
    z.enum(['A', 'B', 'C', 'D']).transform((letter) => 'ABCD'.indexOf(letter)),
    z.number().int().min(0).max(3),
  ]),
});

/** A system prompt, how to see whether it is kept to, and answers that show what the judge means. */
export interface Prompt extends Readonly<z.infer<typeof prompt>> {
  /** The name of its file. */
  readonly group: string;
}

/** What the user of a scripted dialogue says, message for message. */
export interface Script extends Readonly<z.infer<typeof scriptSchema>> {
  readonly name: string;
}

/** A passage for perplexity. */
export type HeldOutText = Readonly<z.infer<typeof textsSchema>[number]>;
/** A dialogue for the divergence from the untouched model. */
export type HeldOutDialogue = Readonly<z.infer<typeof dialoguesSchema>[number]>;
/** A question with four options; `answer` is the index of the right one. */
export type ChoiceQuestion = Readonly<z.infer<typeof choiceSchema>>;
