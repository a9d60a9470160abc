import { HoldfastError } from '../errors.js';
import type { Message } from '../text/index.js';

/** A message of a recorded dialogue. */
export interface RecordedMessage extends Message {
  /** An answer's tokens as sampled, including an end-of-turn token, if the file has them. */
  readonly sampled?: readonly number[];
}

/** A recorded dialogue: a system prompt, then user and assistant alternating. */
export interface Recorded {
  readonly system: string;
  /** In order; the last may lack an answer. */
  readonly exchanges: readonly RecordedExchange[];
}

interface RecordedExchange {
  readonly user: string;
  readonly assistant: string | null;
  /** As in {@link RecordedMessage}. */
  readonly sampled?: readonly number[];
}

/**
 * Checks that messages are a recorded dialogue, and returns it.
 * @param file the file of the messages, for errors
 * @throws HoldfastError `E_DIALOGUE` if the first message is not a system message, if there is no user message, or if
 * user and assistant do not alternate
 */
export function readRecorded(messages: readonly RecordedMessage[], file: string): Recorded {
  const [first, ...spoken] = messages;
  if (first?.role !== 'system') {
    throw new HoldfastError(
      'E_DIALOGUE',
      'the dialogue has no system message whose share could be measured',
      {
        file,
        field: 'messages.0',
        hint: 'Put one first: {"role": "system", "content": "…"}',
      },
    );
  }
  for (const [index, { role }] of spoken.entries()) {
    const expected = index % 2 === 0 ? 'user' : 'assistant';
    if (role === expected) continue;
    throw new HoldfastError('E_DIALOGUE', `expected a message of the ${expected}, found one of the ${role}`, {
      file,
      field: `messages.${index + 1}`,
      hint: 'Alternate user and assistant after the system message',
    });
  }
  if (spoken.length === 0) {
    throw new HoldfastError('E_DIALOGUE', 'the dialogue has no user message', {
      file,
      field: 'messages',
      hint: 'Add at least one user message: shares are measured while the model answers',
    });
  }
  return {
    system: first.content,
    exchanges: Array.from({ length: Math.ceil(spoken.length / 2) }, (_, index) => {
      const answer = spoken[2 * index + 1];
      return {
        user: spoken[2 * index]!.content,
        assistant: answer?.content ?? null,
        ...(answer?.sampled && { sampled: answer.sampled }),
      };
    }),
  };
}
