import { z } from 'zod';
import { textUpTo } from '../schema.js';
import { type Entry, readEntry } from './entries.js';
import { countReasons, type ImportedFile } from './imported.js';

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: textUpTo(100_000) });
const messages = z
  .array(message)
  .min(2)
  .refine(
    (said) =>
      said.every(({ role }, at) => role === (at === 0 ? 'system' : at % 2 === 1 ? 'user' : 'assistant')),
    { message: 'expected a system message, then user and assistant in turn' },
  );

const handwritten = z.object({ id: z.string().min(1), messages });
const distractor = z.object({
  id: z.string().min(1),
  messages,
  num_turns: z.number().int().min(1),
  distractor_task: z.string().regex(/^[a-z-]{1,40}$/, 'a task is named with a-z and dashes'),
  is_multiturn: z.boolean(),
});

/** Longest message of a scripted user. */
const MAX_MESSAGE = 4000;

/** Reads RealGuardrails' handwritten.jsonl: test cases whose guardrails a model judges in the published evaluation. */
export function readHandwritten(entries: readonly Entry[]): ImportedFile {
  const dialogues = entries.map((entry) => {
    const { id, messages } = readEntry(handwritten, entry);
    return { group: id, messages };
  });
  return { recordings: [{ name: 'handwritten', dialogues }] };
}

/**
 * Reads RealGuardrails' distractors.jsonl: dialogues about something else under a prompt with guardrails. The users of
 * each task and length become a script, and the dialogues a recording. Those that are written into one message are
 * skipped: they are the same dialogues.
 */
export function readDistractors(entries: readonly Entry[]): ImportedFile {
  const rows = entries.map((entry) => readEntry(distractor, entry));
  const inTurns = rows.filter((row) => row.is_multiturn);
  const names = [...new Set(inTurns.map(nameOf))];
  const reasons = rows.flatMap((row) => {
    if (!row.is_multiturn) return ['dialogues written into one message'];
    return usersOf(row).some((said) => said.length > MAX_MESSAGE)
      ? [`scripts with a message of more than ${MAX_MESSAGE} characters`]
      : [];
  });
  return {
    scripts: names.flatMap((name) => {
      const users = inTurns.filter((row) => nameOf(row) === name).map(usersOf);
      const short = users.filter((said) => said.every(({ length }) => length <= MAX_MESSAGE));
      const dialogues = [...new Map(short.map((said) => [JSON.stringify(said), said])).values()];
      const style = `Talks about something else, as in RealGuardrails' distractors (${name}).`;
      return dialogues.length === 0 ? [] : [{ name, style, dialogues }];
    }),
    recordings: names.map((name) => ({
      name: `distractors-${name}`,
      dialogues: inTurns
        .filter((row) => nameOf(row) === name)
        .map(({ id, messages }) => ({ group: id, messages })),
    })),
    skipped: countReasons(reasons),
  };
}

type Distractor = z.infer<typeof distractor>;

const nameOf = ({ distractor_task, num_turns }: Distractor): string => `${distractor_task}-${num_turns}`;

const usersOf = ({ messages }: Distractor): string[] =>
  messages.filter(({ role }) => role === 'user').map(({ content }) => content);
