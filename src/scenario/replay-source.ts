import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import { readTextNow } from '../files/index.js';
import { parseJson } from '../formats/index.js';
import { JUDGE_VERSION, judgeAnswer, ruleGroup, ruleSchema } from '../material/index.js';
import type { Message } from '../text/index.js';
import { fixedUser } from './fixed-user.js';
import type { Scenario, ScenarioSource } from './scenario.js';
import { type JudgedPrompt, unrelatedTo } from './unrelated-prompt.js';

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
const messages = z.array(message).min(1);

/** The roles that ShareGPT's speakers have. */
const SHARE_GPT_ROLES = { human: 'user', gpt: 'assistant', system: 'system' } as const;
const shareGptMessage = z
  .object({ from: z.enum(['human', 'gpt', 'system']), value: z.string() })
  .transform(({ from, value }): Message => ({ role: SHARE_GPT_ROLES[from], content: value }));

const probes = z.array(z.object({ question: z.string(), judge: ruleSchema })).default([]);

const recorded = z.object({ messages, group: z.string().optional(), probes });
const shareGpt = z.object({ conversations: z.array(shareGptMessage).min(1) });

/** A recorded dialogue, in one form for all formats. */
type Recorded = z.infer<typeof recorded>;

/** A dialogue as JSON, and its place in the file. */
interface Entry {
  readonly json: unknown;
  /** A line, counted from 1, or an entry of an array, counted from 0. */
  readonly place: string;
}

/**
 * Returns recorded dialogues: the user's messages are repeated and the model gives its own answers. Reads JSONL, or
 * JSON with one dialogue or an array of them. Each dialogue is `{ "messages": [{ "role", "content" }] }`, the array of
 * messages alone, or ShareGPT's `{ "conversations": [{ "from", "value" }] }`. A dialogue may have its own probes,
 * `"probes": [{ "question", "judge" }]`, with judges as in material.
 * @param rounds rounds per dialogue at most; a dialogue with fewer user messages has fewer
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`; `E_DIALOGUE` naming the file and the line or entry unless each
 * dialogue is a system message followed by user and assistant in turn
 */
export function replaySource(file: string, rounds: number): ScenarioSource {
  const dialogues = entriesOf(readTextNow(file), file).map((entry) => readEntry(entry, file));
  const prompts = dialogues.map(promptOf);
  const scenarios = dialogues.map((dialogue, index) => replayScenario(dialogue, index, rounds, prompts));
  return { size: scenarios.length, at: (index) => scenarios[index]! };
}

/** Returns the system prompt of a recorded dialogue, with the judges of its probes. */
function promptOf({ messages, group = 'recorded', probes }: Recorded, index: number): JudgedPrompt {
  const judges = probes.map(({ judge }) => judge);
  return { id: `recorded-${index}`, group, system: messages[0]!.content, judge: judges };
}

function replayScenario(
  dialogue: Recorded,
  index: number,
  most: number,
  prompts: readonly JudgedPrompt[],
): Scenario {
  const { messages, probes } = dialogue;
  const { id, group, system } = promptOf(dialogue, index);
  const users = messages
    .slice(1)
    .filter(({ role }) => role === 'user')
    .map(({ content }) => content)
    .slice(0, most);
  return {
    id,
    group,
    system,
    given: [],
    rounds: users.length,
    content: {
      ...{ kind: 'replay', system, users, group, probes },
      // Without probes no judge scores anything.
      ...(probes.length > 0 ? { judges: JUDGE_VERSION } : {}),
    },
    openUser: () => fixedUser(users),
    probesAfter: () =>
      probes.map(({ question, judge }) => ({
        label: group,
        question,
        rule: ruleGroup(judge),
        judge: (answer) => judgeAnswer(judge, answer),
      })),
    obedience: () => null,
    ability: () => null,
    reference: null,
    get unrelated() {
      return unrelatedTo(prompts[index]!, index, prompts);
    },
  };
}

/** Returns the dialogues of a file, at least one. A `.json` file is read as a whole, any other line by line. */
function entriesOf(text: string, file: string): Entry[] {
  const entries = /\.json$/i.test(file) ? ofJson(text, file) : ofLines(text, file);
  if (entries.length === 0) throw new HoldfastError('E_DIALOGUE', 'the file has no dialogues', { file });
  return entries;
}

function ofJson(text: string, file: string): Entry[] {
  const json = parse(text, file, 'the file');
  // An array of messages is one dialogue; any other array has one dialogue per entry.
  const isOne = !Array.isArray(json) || messages.safeParse(json).success;
  return isOne
    ? [{ json, place: 'the file' }]
    : json.map((entry: unknown, index) => ({ json: entry, place: `entry ${index}` }));
}

function ofLines(text: string, file: string): Entry[] {
  return text.split('\n').flatMap((line, index) => {
    const place = `line ${index + 1}`;
    return line.trim() === '' ? [] : [{ json: parse(line, file, place, index + 1), place }];
  });
}

function parse(text: string, file: string, place: string, firstLine = 1): unknown {
  return parseJson(
    text,
    (why, cause) =>
      new HoldfastError('E_DIALOGUE', `${place} is not JSON: ${why}`, {
        file,
        hint: 'Files whose name ends in .json are read as a whole, all others line by line',
        cause,
      }),
    firstLine,
  );
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
    hint: 'Start with a system message, then alternate user and assistant',
  });
}

/** Returns the first message whose role is out of order; null when there is none. */
function misplaced(messages: readonly Message[]): Pick<z.core.$ZodIssue, 'message' | 'path'> | null {
  for (const [index, { role }] of messages.entries()) {
    const expected = index === 0 ? 'system' : index % 2 === 1 ? 'user' : 'assistant';
    if (role !== expected)
      return { message: `expected a ${expected} message, not one of the ${role}`, path: [index] };
  }
  return messages.length > 1 ? null : { message: 'it has no user message', path: [] };
}
