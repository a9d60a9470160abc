import { HoldfastError } from '../errors.js';
import type { Message } from '../text/index.js';

/** A recorded dialogue: a system prompt, then user and assistant in turn. */
export interface Recorded {
  readonly system: string;
  /** In order; the last may have no answer. */
  readonly exchanges: readonly { readonly user: string; readonly assistant: string | null }[];
}

/**
 * @param file where the messages are from, for errors
 * @throws HoldfastError `E_DIALOGUE` when there is no system message at the front, nothing of the user's, or the two do
 * not speak in turn
 */
export function readRecorded(messages: readonly Message[], file: string): Recorded {
  const [first, ...spoken] = messages;
  if (first?.role !== 'system') {
    throw new HoldfastError(
      'E_DIALOGUE',
      'the dialogue has no system message whose share could be measured',
      {
        file,
        field: 'messages.0',
        hint: 'Put one in front: {"role": "system", "content": "…"}',
      },
    );
  }
  for (const [index, { role }] of spoken.entries()) {
    const expected = index % 2 === 0 ? 'user' : 'assistant';
    if (role === expected) continue;
    throw new HoldfastError('E_DIALOGUE', `here the ${expected} speaks, not the ${role}`, {
      file,
      field: `messages.${index + 1}`,
      hint: 'After the system message, user and assistant speak in turn',
    });
  }
  if (spoken.length === 0) {
    throw new HoldfastError('E_DIALOGUE', 'the user says nothing in this dialogue', {
      file,
      field: 'messages',
      hint: 'Shares are measured where answers are: give at least one message of the user',
    });
  }
  return {
    system: first.content,
    exchanges: Array.from({ length: Math.ceil(spoken.length / 2) }, (_, index) => ({
      user: spoken[2 * index]!.content,
      assistant: spoken[2 * index + 1]?.content ?? null,
    })),
  };
}
