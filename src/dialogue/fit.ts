import { HoldfastError } from '../errors.js';
import { type ChatFormat, wordsAt } from '../text/index.js';
import type { Exchange } from './history.js';
import {
  layoutPrompt,
  type Prompt,
  type PromptMessage,
  type PromptOptions,
  pastLength,
  sharedLength,
} from './prompt.js';

/** A dialogue to be answered, before it is laid out. */
export interface Unfitted {
  readonly system: string | null;
  /** All exchanges so far, oldest first. */
  readonly exchanges: readonly Exchange[];
  readonly user: string;
}

export interface Room {
  readonly contextLength: number;
  /** Length limit of the answer. */
  readonly maxTokens: number;
  /** Whether the oldest exchanges may be dropped. */
  readonly mayDrop: boolean;
}

/**
 * Lays out a dialogue so that it and its answer fit the context.
 * @param oldest index of the exchange to begin with; earlier ones have already been dropped
 * @returns the messages in the prompt, the prompt, and the index of the exchange it begins with
 * @throws HoldfastError `E_CONTEXT_FULL` when it does not fit, and what {@link layoutPrompt} throws
 */
export function fitPrompt(
  format: ChatFormat,
  dialogue: Unfitted,
  oldest: number,
  { contextLength, maxTokens, mayDrop }: Room,
  options: PromptOptions,
): { readonly prompt: Prompt; readonly messages: readonly PromptMessage[]; readonly oldest: number } {
  for (let first = oldest; ; first++) {
    const messages = messagesFrom(dialogue, first);
    const prompt = layoutPrompt(format, messages, options);
    if (prompt.ids.length + maxTokens <= contextLength) return { prompt, messages, oldest: first };
    if (mayDrop && first < dialogue.exchanges.length) continue;
    const alone = layoutPrompt(format, messagesFrom(dialogue, dialogue.exchanges.length), options);
    if (alone.ids.length + maxTokens > contextLength) throw tooLong(alone, { contextLength, maxTokens });
    throw new FullContext(
      `a dialogue of ${prompt.ids.length} tokens and an answer of up to ${maxTokens} do not fit a context of ${contextLength}`,
      'Open the chat with a longer context, allow a shorter answer, or let it drop the oldest turns (drop-oldest)',
      { promptTokens: prompt.ids.length, maxTokens, messageRoom: null },
    );
  }
}

/** What a dialogue that does not fit its context needs, in tokens. */
interface Excess {
  /** Length of the prompt. If the last message does not fit on its own: without the earlier turns. */
  readonly promptTokens: number;
  /** Length limit of the answer. */
  readonly maxTokens: number;
  /** What the last message may have if it does not fit even without earlier turns, below 1 if nothing; null if it fits. */
  readonly messageRoom: number | null;
}

/** `E_CONTEXT_FULL` for a dialogue, with the figures from which a door can say what would fit. */
export class FullContext extends HoldfastError {
  constructor(
    what: string,
    hint: string,
    readonly excess: Excess,
  ) {
    super('E_CONTEXT_FULL', what, { hint });
  }
}

/** Returns the error for a message that does not fit even without earlier turns. */
function tooLong(
  { ids, messages }: Prompt,
  { contextLength, maxTokens }: Pick<Room, 'contextLength' | 'maxTokens'>,
): FullContext {
  const words = wordsOf(messages.at(-1)!);
  const room = contextLength - maxTokens - (ids.length - words);
  const beside = `beside the rest of the prompt (${ids.length - words} tokens) and an answer of up to ${maxTokens}, a context of ${contextLength}`;
  return new FullContext(
    room < 1
      ? `${beside} has no room for a message`
      : `the message alone is too long, ${words} tokens: ${beside} has room for ${room}`,
    'Shorten the message or the system prompt, allow a shorter answer, or open the chat with a longer context',
    { promptTokens: ids.length, maxTokens, messageRoom: room },
  );
}

/** Returns the tokens of a message's own words. */
function wordsOf({ places }: Prompt['messages'][number]): number {
  return places.map(wordsAt).reduce((sum, { start, end }) => sum + end - start, 0);
}

/** How much of the context a dialogue takes, in tokens. */
export interface ContextUse {
  readonly contextLength: number;
  /** Everything up to the end of the system message; 0 without one. */
  readonly prompt: number;
  /** The turns that are in the context. */
  readonly turns: number;
  /** Turns dropped from it so far. */
  readonly dropped: number;
  /** Length limit of an answer. */
  readonly maxTokens: number;
  /** What is left for the next message when its answer takes `maxTokens`; below 1 if there is no room. */
  readonly room: number;
}

/**
 * Returns how much of the context a dialogue takes. Its last message stands for the next one.
 * @throws HoldfastError what {@link layoutPrompt} throws
 */
export function contextUse(
  format: ChatFormat,
  dialogue: Unfitted,
  oldest: number,
  { contextLength, maxTokens }: Room,
  options: PromptOptions,
): ContextUse {
  const laidOut = layoutPrompt(format, messagesFrom(dialogue, oldest), options);
  const prompt = sharedLength(laidOut);
  return {
    contextLength,
    prompt,
    turns: dialogue.exchanges.length === oldest ? 0 : pastLength(laidOut) - prompt,
    dropped: oldest,
    maxTokens,
    room: contextLength - maxTokens - laidOut.ids.length + wordsOf(laidOut.messages.at(-1)!),
  };
}

function messagesFrom({ system, exchanges, user }: Unfitted, oldest: number): PromptMessage[] {
  return [
    ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
    ...exchanges.slice(oldest).flatMap(({ user, assistant, ids }): PromptMessage[] => [
      { role: 'user', content: user },
      { role: 'assistant', content: assistant, ...(ids ? { ids } : {}) },
    ]),
    { role: 'user', content: user },
  ];
}
