import { HoldfastError } from '../errors.js';
import type { Message } from '../text/index.js';

/** A user's message and the answer to it. */
export interface Exchange {
  readonly user: string;
  readonly assistant: string;
  /** The answer's tokens as sampled; absent if the answer was given as text. */
  readonly ids?: readonly number[];
}

/**
 * Returns given messages as exchanges.
 * @throws HoldfastError `E_DIALOGUE` unless user and assistant alternate and the last message is an answer
 */
export function readHistory(messages: readonly Message[]): Exchange[] {
  for (const [index, { role }] of messages.entries()) {
    const expected = index % 2 === 0 ? 'user' : 'assistant';
    if (role !== expected) {
      throw new HoldfastError('E_DIALOGUE', `expected a message of the ${expected}, not of the ${role}`, {
        field: `history.${index}`,
        hint: 'Alternate user and assistant messages; give the system prompt separately',
      });
    }
  }
  if (messages.length % 2 === 1) {
    throw new HoldfastError('E_DIALOGUE', 'the history does not end with an answer', {
      field: `history.${messages.length - 1}`,
      hint: 'Leave out the last user message, and send it as the next message',
    });
  }
  return Array.from({ length: messages.length / 2 }, (_, index) => ({
    user: messages[2 * index]!.content,
    assistant: messages[2 * index + 1]!.content,
  }));
}
