import { HoldfastError } from '../errors.js';
import type { ChatFormat } from '../text/index.js';
import type { Exchange } from './history.js';
import { layoutPrompt, type Prompt, type PromptMessage, type PromptOptions } from './prompt.js';

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
    if (!mayDrop || first >= dialogue.exchanges.length) {
      throw new HoldfastError(
        'E_CONTEXT_FULL',
        `a dialogue of ${prompt.ids.length} tokens and an answer of up to ${maxTokens} do not fit a context of ${contextLength}`,
        {
          hint: mayDrop
            ? 'No turn is left to drop: shorten the message or the system prompt, or allow a shorter answer'
            : 'Open the chat with a longer context, allow a shorter answer, or let it drop the oldest turns (drop-oldest)',
        },
      );
    }
  }
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
