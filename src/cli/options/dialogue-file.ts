import { z } from 'zod';
import { HoldfastError } from '../../errors.js';
import type { RecordedMessage } from '../../measure/index.js';
import { type Message, type Moment, MomentText } from '../../text/index.js';
import { parseJson, readNamedText } from './read-text.js';

const Messages = z
  .array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() }))
  .min(1);

const Saved = z.object({
  format: z.literal('holdfast-dialogue'),
  now: MomentText.nullish(),
  turns: z.array(z.object({ ids: z.array(z.number().int().nonnegative()) })).default([]),
});

/** The messages of a file. */
export interface ReadDialogue {
  readonly messages: readonly RecordedMessage[];
  /** The moment that a saved dialogue records; null for other files. */
  readonly now: Moment | null;
}

/**
 * Reads a dialogue from a JSON file, or from standard input for `-`. The file is an array of messages, or an object
 * with the messages in `messages` (a saved dialogue, or a chat API request). Other fields are ignored, except the moment
 * and the sampled tokens of a saved dialogue.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`; `E_DIALOGUE` naming the faulty field
 */
export async function readDialogue(path: string): Promise<ReadDialogue> {
  const file = await readNamedText(path);
  const json = parseJson(file);
  const inObject = z.object({ messages: z.unknown() }).safeParse(json);
  const parsed = Messages.safeParse(inObject.success ? inObject.data.messages : json);
  if (!parsed.success) throw notADialogue(file.name, inObject.success ? 'messages' : '', parsed.error);
  const isSaved = z.object({ format: Saved.shape.format }).safeParse(json).success;
  if (!isSaved) return { messages: parsed.data, now: null };
  const saved = Saved.safeParse(json);
  if (!saved.success) throw notADialogue(file.name, '', saved.error);
  const { now = null, turns } = saved.data;
  return { messages: withSampled(parsed.data, turns), now };
}

/** Adds the tokens of generated answers. They are the last of the dialogue; those before them were given. */
function withSampled(
  messages: z.infer<typeof Messages>,
  turns: readonly { readonly ids: readonly number[] }[],
): RecordedMessage[] {
  let left = messages.filter(({ role }) => role === 'assistant').length;
  return messages.map((message) => {
    const sampled = message.role === 'assistant' ? turns.at(-left--) : undefined;
    return sampled === undefined ? message : { ...message, sampled: sampled.ids };
  });
}

function notADialogue(file: string, place: string, { issues }: z.ZodError): HoldfastError {
  const { path, message } = issues[0]!;
  const field = [place, ...path].filter((part) => part !== '').join('.');
  return new HoldfastError('E_DIALOGUE', `not a dialogue: ${message}`, {
    file,
    ...(field === '' ? {} : { field }),
    hint: 'Write [{"role": "system" | "user" | "assistant", "content": "…"}, …], or an object with this array in "messages"',
  });
}

/** Returns whether to open an answer. By default, yes if the last message is the user's. */
export function wantsAnswer(messages: readonly Message[], generationPrompt: boolean | undefined): boolean {
  return generationPrompt ?? messages.at(-1)?.role === 'user';
}
