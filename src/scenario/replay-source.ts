import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { HoldfastError, readError } from '../errors.js';
import { judgeAnswer, ruleSchema } from '../material/index.js';
import type { Message } from '../text/index.js';
import { fixedUser } from './fixed-user.js';
import type { Scenario, ScenarioSource } from './scenario.js';

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
const messages = z.array(message).min(1);

/** Who speaks in ShareGPT's files. */
const SHARE_GPT_ROLES = { human: 'user', gpt: 'assistant', system: 'system' } as const;
const shareGptMessage = z
  .object({ from: z.enum(['human', 'gpt', 'system']), value: z.string() })
  .transform(({ from, value }): Message => ({ role: SHARE_GPT_ROLES[from], content: value }));

const probes = z.array(z.object({ question: z.string(), judge: ruleSchema })).default([]);

const recorded = z.object({ messages, group: z.string().optional(), probes });
const shareGpt = z.object({ conversations: z.array(shareGptMessage).min(1) });

/** A recorded dialogue, whatever it was written as. */
type Recorded = z.infer<typeof recorded>;

/** Where a dialogue stands in its file. */
interface Entry {
  readonly json: unknown;
  /** A line, from 1, or an entry of an array, from 0. */
  readonly place: string;
}

/**
 * Recorded dialogues: what the user said is said again, and the answers are the model's own. Reads JSONL, or JSON with
 * one dialogue or an array of them; each is `{ "messages": [{ "role", "content" }] }`, the array of messages alone, or
 * ShareGPT's `{ "conversations": [{ "from", "value" }] }`. A dialogue may bring probes with judges of its own:
 * `"probes": [{ "question", "judge" }]`, judges as in material.
 * @param rounds at most; a dialogue with fewer messages of the user has fewer
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`; `E_DIALOGUE` naming the file, and line or entry, for what is not a
 * dialogue that begins with a system message, user and assistant in turn behind it
 */
export function replaySource(file: string, rounds: number): ScenarioSource {
  const scenarios = entriesOf(readText(file), file).map((entry, index) =>
    replayScenario(readEntry(entry, file), index, rounds),
  );
  return { size: scenarios.length, at: (index) => scenarios[index]! };
}

function replayScenario(
  { messages, group = 'recorded', probes }: Recorded,
  index: number,
  most: number,
): Scenario {
  const [system, ...spoken] = messages;
  const users = spoken
    .filter(({ role }) => role === 'user')
    .map(({ content }) => content)
    .slice(0, most);
  return {
    id: `recorded-${index}`,
    group,
    system: system!.content,
    given: [],
    rounds: users.length,
    content: { kind: 'replay', system: system!.content, users, group, probes },
    openUser: () => fixedUser(users),
    probesAfter: () =>
      probes.map(({ question, judge }) => ({
        label: group,
        question,
        judge: (answer) => judgeAnswer(judge, answer),
      })),
    obedience: () => null,
    ability: () => null,
    reference: null,
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw readError(file, cause);
  }
}

/** The dialogues of a file, one at least; of JSON where its name says so, else one a line. */
function entriesOf(text: string, file: string): Entry[] {
  const entries = /\.json$/i.test(file) ? ofJson(text, file) : ofLines(text, file);
  if (entries.length === 0) throw new HoldfastError('E_DIALOGUE', 'there are no dialogues', { file });
  return entries;
}

function ofJson(text: string, file: string): Entry[] {
  const json = parse(text, file, 'the file');
  // An array of messages is one dialogue, an array of anything else has one in each entry.
  const isOne = !Array.isArray(json) || messages.safeParse(json).success;
  return isOne
    ? [{ json, place: 'the file' }]
    : json.map((entry: unknown, index) => ({ json: entry, place: `entry ${index}` }));
}

function ofLines(text: string, file: string): Entry[] {
  return text.split('\n').flatMap((line, index) => {
    const place = `line ${index + 1}`;
    return line.trim() === '' ? [] : [{ json: parse(line, file, place), place }];
  });
}

function parse(text: string, file: string, place: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new HoldfastError('E_DIALOGUE', `${place} is not JSON`, {
      file,
      hint: 'Files whose name ends in .json are read as a whole, all others line by line',
      cause,
    });
  }
}

function readEntry({ json, place }: Entry, file: string): Recorded {
  const isShareGpt = typeof json === 'object' && json !== null && 'conversations' in json;
  const result = isShareGpt
    ? shareGpt.transform(({ conversations }) => ({ messages: conversations, probes: [] })).safeParse(json)
    : recorded.safeParse(Array.isArray(json) ? { messages: json } : json);
  const problem = result.success ? misplaced(result.data.messages) : result.error.issues[0]!;
  if (result.success && problem === null) return result.data;
  const { message: what, path } = problem!;
  throw new HoldfastError('E_DIALOGUE', `${place} is not a dialogue: ${what}`, {
    file,
    ...(path.length === 0 ? {} : { field: path.map(String).join('.') }),
    hint: 'A system message comes first, then user and assistant in turn',
  });
}

/** The first message that the wrong one says; null when all is well. */
function misplaced(said: readonly Message[]): Pick<z.core.$ZodIssue, 'message' | 'path'> | null {
  for (const [index, { role }] of said.entries()) {
    const expected = index === 0 ? 'system' : index % 2 === 1 ? 'user' : 'assistant';
    if (role !== expected) return { message: `here the ${expected} speaks, not the ${role}`, path: [index] };
  }
  return said.length > 1 ? null : { message: 'the user says nothing', path: [] };
}
