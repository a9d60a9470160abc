import { HoldfastError } from '../errors.js';
import type { Message } from '../text/index.js';

/** A user's message and the answer to it. */
export interface Exchange {
  readonly user: string;
  readonly assistant: string;
  /** The answer's tokens where they were sampled; absent where it was given as text. */
  readonly ids?: readonly number[];
}

/**
 * Given messages as exchanges.
 * @throws HoldfastError `E_DIALOGUE` when they are not user and assistant in turn, an answer last
 */
export function readHistory(messages: readonly Message[]): Exchange[] {
  for (const [index, { role }] of messages.entries()) {
    const expected = index % 2 === 0 ? 'user' : 'assistant';
    if (role !== expected) {
      throw new HoldfastError('E_DIALOGUE', `here the ${expected} speaks, not the ${role}`, {
        field: `history.${index}`,
        hint: 'Give user and assistant in turn; the system prompt is said apart',
      });
    }
  }
  if (messages.length % 2 === 1) {
    throw new HoldfastError('E_DIALOGUE', 'a history ends with an answer', {
      field: `history.${messages.length - 1}`,
      hint: 'Ask what the user said last as the next message',
    });
  }
  return Array.from({ length: messages.length / 2 }, (_, index) => ({
    user: messages[2 * index]!.content,
    assistant: messages[2 * index + 1]!.content,
  }));
}
