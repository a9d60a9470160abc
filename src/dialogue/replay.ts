import { parseTarget } from '../attention/index.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { sha256 } from '../hash.js';
import { type Message, recordedMoment, writesTime } from '../text/index.js';
import type { Held } from './caches.js';
import type { Chat } from './chat.js';
import type { SavedDialogue, SavedSettings, SavedTurn } from './dialogue-file.js';
import { openChat } from './open-chat.js';
import { policyChoice } from './settings-options.js';

/** The first token at which a replay differs from the saved dialogue. */
export interface ReplayDifference {
  /** From 1. */
  readonly turn: number;
  /** Index of the token in the answer, from 0. */
  readonly index: number;
  /** The saved token; null if the saved answer had ended. */
  readonly saved: number | null;
  /** The new token; null if the new answer had ended. */
  readonly replayed: number | null;
}

/** The result of replaying a saved dialogue. */
export interface Replay {
  /**
   * The replayed dialogue, up to the first difference. It continues with the saved system prompt and settings: without a
   * difference, its next answer is the one that the saved chat would have given.
   */
  readonly chat: Chat;
  /** Null when every token is the same. */
  readonly difference: ReplayDifference | null;
  /** What has changed since the dialogue was saved, as text. If this is not empty, tokens may differ. */
  readonly changes: readonly string[];
  /**
   * Whether the prompts contain the date or time, and the file does not record it: it was then the given one, or the
   * current one. Tokens may differ; if they do not, the prompts may.
   */
  readonly undated: boolean;
}

/** How a dialogue is replayed. */
export interface ReplayOptions {
  /** Stops the replay. */
  readonly signal?: AbortSignal;
  /** The moment of a dialogue from an older file, which does not record it; default: the current one. */
  readonly now?: string;
  /** Called after each answer with the number of answers so far. */
  readonly onAnswer?: (answers: number) => void;
}

/**
 * Generates a saved dialogue again, message by message, each with its own settings and seed, at the moment that the file
 * records.
 * @throws HoldfastError `E_USAGE` for a `now` other than the recorded one; what `openChat` and answers throw;
 * `E_DIALOGUE` if the text of an answer is not that of its tokens, and, like `E_SAMPLING`, for settings out of range; `E_ABORTED` when the signal fires. The new chat is then disposed of.
 */
export async function replayDialogue(
  model: Model,
  saved: SavedDialogue,
  options: ReplayOptions = {},
): Promise<Replay> {
  const { contextLength, trustContent, prefixFirst, given } = saved;
  // The chat may have begun to drop turns, or stopped, in the middle of the dialogue.
  const dropped = saved.turns.some((turn) => turn.dropped.length > 0);
  const onContextFull = dropped ? 'drop-oldest' : saved.onContextFull;
  const [first] = saved.messages;
  const system = first?.role === 'system' ? first.content : null;
  const spoken = saved.messages.slice(system === null ? 0 : 1);
  const history = spoken.slice(0, 2 * given);
  const now = recordedMoment(saved.now, options.now);
  const chat = openChat(model, {
    ...{ system, history, contextLength, onContextFull, trustContent, prefixFirst, now },
  });
  try {
    const changes = await changesSince(chat, saved.model);
    const users = spoken.slice(2 * given).filter(({ role }) => role === 'user');
    const messages = users.map(({ content }) => content);
    const answers = spoken.slice(2 * given).filter(({ role }) => role === 'assistant');
    const difference = await answerAll(chat, saved.turns, messages, options);
    if (difference === null) assertTexts(chat, answers, saved.messages);
    if (saved.next) {
      const { heldTokens, guidanceHeldTokens } = saved.next;
      assume(chat, { system, ...saved.next }, { dialogue: heldTokens, without: guidanceHeldTokens });
    }
    chat.onContextFull = saved.onContextFull;
    const undated = saved.now === null && writesTimeIn(saved, chat);
    return { chat, difference, changes, undated };
  } catch (error) {
    chat.dispose();
    throw error;
  }
}

/** Returns whether the date or time is in a prompt of the dialogue, under any of its system prompts. */
function writesTimeIn({ messages, turns }: SavedDialogue, { model, system }: Chat): boolean {
  const spoken = messages.filter(({ role }) => role !== 'system');
  return [system, ...turns.map((turn) => turn.system)].some((content) =>
    writesTime(model.format!, content === null ? spoken : [{ role: 'system', content }, ...spoken], {
      addGenerationPrompt: false,
    }),
  );
}

/** @throws HoldfastError `E_DIALOGUE` if a file has other words for an answer than its tokens: nothing tells which are meant */
function assertTexts({ turns, history }: Chat, answers: readonly Message[], all: readonly Message[]): void {
  const edited = turns.findIndex(({ assistant }, index) => assistant !== answers[index]!.content);
  if (edited === -1) return;
  const what = `the text of answer ${history.length + edited + 1} is not that of its tokens`;
  throw new HoldfastError('E_DIALOGUE', what, {
    field: `messages.${all.indexOf(answers[edited]!)}.content`,
    hint: 'If you have edited it, leave out all of the file but its messages: they are then taken as they are',
  });
}

/** Answers message after message, until a token differs. */
async function answerAll(
  chat: Chat,
  turns: readonly SavedTurn[],
  messages: readonly string[],
  { signal, onAnswer }: ReplayOptions,
): Promise<ReplayDifference | null> {
  for (const [index, turn] of turns.entries()) {
    const without = turn.guidanceReusedTokens ?? chat.held.without;
    assume(chat, turn, { dialogue: turn.reusedTokens, without });
    const ids = await answerAgain(chat, turn, messages[index]!, signal);
    const difference = firstDifference(turn.ids, ids);
    if (difference !== null) return { turn: chat.history.length + index + 1, ...difference };
    onAnswer?.(index + 1);
  }
  return null;
}

/**
 * Brings a chat to a saved point of the dialogue.
 * @param held tokens that were in the cache then. Tokens after them were computed again, for example after the system
 * prompt had been changed and changed back, so the replay computes them again too.
 */
function assume(chat: Chat, saved: SavedSettings & Pick<SavedTurn, 'system'>, held: Held): void {
  const { policy, schedule, layers, heads, pairs, cache, silence, guidance, reminder } = saved;
  const { sampling, maxTokens, stop } = saved;
  if (chat.system !== saved.system) {
    chat.configure({ policy: 'off', guidance: 1, reminder: null }); // the old settings may not be valid with the new system prompt
    chat.system = saved.system;
  }
  chat.configure({
    ...policyChoice(policy, schedule),
    ...(pairs ? { pairs } : { layers: layers ?? undefined, heads: heads ?? undefined, pairs: undefined }),
    target: parseTarget(saved.target),
    cache,
    silence,
    guidance,
    reminder,
    sampling,
    maxTokens,
    stop,
  });
  chat.keep(held);
}

async function answerAgain(
  chat: Chat,
  { sampling: { seed }, finish, ids: saved, begun, strengths }: SavedTurn,
  user: string,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  // An answer that the user stopped is stopped at the same token.
  const cut = new AbortController();
  const ids: number[] = [];
  const both = signal ? AbortSignal.any([signal, cut.signal]) : cut.signal;
  const begin = saved.slice(0, begun);
  // A replay that samples other tokens may go on for longer; it is not used then.
  const strength = strengths === null ? undefined : (at: number) => strengths[at] ?? strengths.at(-1)!;
  for await (const { id } of chat.answer(user, { seed, begin, strength, signal: both })) {
    ids.push(id);
    if (finish === 'abort' && ids.length === saved.length) cut.abort();
  }
  if (signal?.aborted) throw new HoldfastError('E_ABORTED', 'the replay was aborted');
  return ids;
}

function firstDifference(
  saved: readonly number[],
  replayed: readonly number[],
): Omit<ReplayDifference, 'turn'> | null {
  for (let index = 0; index < Math.max(saved.length, replayed.length); index++) {
    if (saved[index] !== replayed[index]) {
      return { index, saved: saved[index] ?? null, replayed: replayed[index] ?? null };
    }
  }
  return null;
}

async function changesSince(chat: Chat, then: SavedDialogue['model']): Promise<string[]> {
  const { executor } = chat.model;
  const now: Omit<SavedDialogue['model'], 'name'> = {
    hash: await chat.model.hash(),
    template: await sha256(chat.template),
    executor: executor.name,
    precision: executor.precision,
  };
  const names = { hash: 'weights', template: 'chat template', executor: 'executor', precision: 'precision' };
  return (['hash', 'template', 'executor', 'precision'] as const)
    .filter((key) => now[key] !== then[key])
    .map((key) => `${names[key]}: ${then[key]} then, ${now[key]} now`);
}
