import { z } from 'zod';
import { HoldfastError } from '../../errors.js';
import type { Message } from '../../text/index.js';
import { parseJson, readText } from './read-text.js';

const Messages = z
  .array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
  .min(1);

/**
 * Reads a dialogue from a JSON file, `-` for standard input: an array of messages, or an object (a saved dialogue, a
 * request of a chat API) that holds them in `messages`. Other fields are not read.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`; `E_DIALOGUE` naming the message that is wrong
 */
export async function readDialogue(path: string): Promise<Message[]> {
  const file = await readText(path);
  const json = parseJson(file);
  const inObject = z.object({ messages: z.unknown() }).safeParse(json);
  const parsed = Messages.safeParse(inObject.success ? inObject.data.messages : json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = [inObject.success ? 'messages' : '', ...issue.path].filter((part) => part !== '').join('.');
  throw new HoldfastError('E_DIALOGUE', `not a dialogue: ${issue.message}`, {
    file: file.name,
    ...(field === '' ? {} : { field }),
    hint: 'Write [{"role": "system" | "user" | "assistant", "content": "…"}, …], or an object with these in "messages"',
  });
}

/** Whether an answer is asked for: unless said, when the last message is the user's. */
export function wantsAnswer(messages: readonly Message[], generationPrompt: boolean | undefined): boolean {
  return generationPrompt ?? messages.at(-1)?.role === 'user';
}
