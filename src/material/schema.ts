import { z } from 'zod';
import { ruleSchema } from './rule.js';

/** Values from files are checked against these bounds before use. No sensible value reaches them. */
export const textUpTo = (characters: number) =>
  z
    .string()
    .max(characters)
    .refine((said) => said.trim() !== '', { message: 'it is blank' });
const text = textUpTo(4000);
const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,59}$/, 'a name has at most 60 characters: a-z, 0-9 and dashes');
const listOf = <Item extends z.ZodType>(item: Item, max: number) => z.array(item).min(1).max(max);

const exchange = z.strictObject({ user: text, assistant: text });

const prompt = z.strictObject({
  id: name,
  system: text,
  /** Which answers show whether the prompt is followed: all of them, or only answers to its probes. */
  shown: z.enum(['always', 'asked']),
  probes: listOf(z.strictObject({ question: text }), 40),
  judge: ruleSchema,
  /** Exchanges for primed dialogues. Their answers follow the prompt. */
  given: z.array(exchange).max(12).default([]),
  /** Answers that the judge must score at least 0.99 (`good`) or at most 0.5 (`bad`). */
  good: z.array(text).max(40).default([]),
  bad: z.array(text).max(40).default([]),
});

export const promptsSchema = listOf(prompt, 2000);
/** The rules of a single prompt, whose text is in another file. */
export const rulesSchema = prompt.omit({ id: true, system: true });
export const openersSchema = listOf(text, 5000);

const messages = listOf(text, 500);
/** A scripted user says `messages`, or the messages of one of several `dialogues`. */
export const scriptSchema = z
  .strictObject({ style: text, messages: messages.optional(), dialogues: listOf(messages, 500).optional() })
  .transform(({ style, messages, dialogues = [] }, context) => {
    if ((messages === undefined) === (dialogues.length === 0)) {
      context.addIssue({ code: 'custom', message: 'give messages, or dialogues with messages' });
    }
    return { style, dialogues: messages === undefined ? dialogues : [messages] };
  });
export const textsSchema = listOf(z.strictObject({ id: name, kind: name, text }), 2000);
export const dialoguesSchema = listOf(
  z.strictObject({ id: name, system: text, exchanges: listOf(exchange, 40) }),
  2000,
);
export const choiceSchema = z.strictObject({
  question: textUpTo(20_000),
  choices: z.tuple([text, text, text, text]),
  /** A letter, or an index from 0. */
  answer: z.union(
    [
      z.enum(['A', 'B', 'C', 'D']).transform((letter) => 'ABCD'.indexOf(letter)),
      z.number().int().min(0).max(3),
    ],
    { error: 'an answer is a letter from A to D, or an index from 0 to 3' },
  ),
});

/** A system prompt with its probes, its judge, and answers that test the judge. */
export interface PromptMaterial extends Readonly<z.infer<typeof prompt>> {
  /** Name of its file, without `.yaml`. */
  readonly group: string;
}

/** How to tell whether answers follow a system prompt: its probes, its judge, and answers that test the judge. */
export type PromptRules = Readonly<z.infer<typeof rulesSchema>>;

/** A scripted user: the messages of one or more dialogues, in order. */
export interface Script extends Readonly<z.infer<typeof scriptSchema>> {
  readonly name: string;
}

/** A passage for measuring perplexity. */
export type HeldOutText = Readonly<z.infer<typeof textsSchema>[number]>;
/** A dialogue for measuring the KL divergence from the unmodified model. */
export type HeldOutDialogue = Readonly<z.infer<typeof dialoguesSchema>[number]>;
/** A question with four options; `answer` is the index of the right one. */
export type ChoiceQuestion = Readonly<z.infer<typeof choiceSchema>>;
