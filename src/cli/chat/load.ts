import {
  type ChatOptions,
  loadDialogue,
  replayDialogue,
  type SavedDialogue,
  type SettingsOptions,
} from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import type { Message } from '../../text/index.js';
import { parseJson, readText } from '../options/index.js';
import { openSides, type Sides, singleSide } from './sides.js';

/** A dialogue from a file, ready to go on. */
export interface LoadedChat {
  readonly sides: Sides;
  /** A message of the user that has no answer yet. */
  readonly unanswered: string | null;
  /** What a person should know, one line each. */
  readonly notes: readonly string[];
  /** Set when a saved dialogue did not come out as it was saved. */
  readonly difference: HoldfastError | null;
}

export interface LoadContext {
  readonly model: Model;
  readonly compare: boolean;
  /** For messages, which say nothing of settings. */
  readonly options: ChatOptions;
  /** What is to be otherwise than a saved dialogue has it, from its next answer on. */
  readonly overrides: SettingsOptions;
  readonly signal?: AbortSignal;
}

/**
 * Reads a dialogue: a saved one is made again, message by message, under its own settings; plain messages are taken as
 * they stand, and where the user spoke last there is something to answer.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, `E_DIALOGUE`, and what opening a chat and answers throw
 */
export async function loadChat(path: string, context: LoadContext): Promise<LoadedChat> {
  const file = await readText(path);
  const { messages, saved } = loadDialogue(parseJson(file));
  if (saved === null) return fromMessages(messages, context, []);
  if (!context.compare) return replay(path, saved, context);
  return fromMessages(messages, context, [
    `${path}: its answers are taken as they stand, on both sides: a comparison makes none of them again`,
  ]);
}

function fromMessages(
  messages: readonly Message[],
  { model, compare, options }: LoadContext,
  notes: readonly string[],
): LoadedChat {
  const [first] = messages;
  const hasSystem = first?.role === 'system';
  const spoken = messages.slice(hasSystem ? 1 : 0);
  const unanswered = spoken.at(-1)?.role === 'user' ? spoken.at(-1)!.content : null;
  const sides = openSides(
    model,
    {
      ...options,
      ...(hasSystem ? { system: first.content } : {}),
      history: unanswered === null ? spoken : spoken.slice(0, -1),
    },
    compare,
  );
  return { sides, unanswered, notes, difference: null };
}

async function replay(path: string, saved: SavedDialogue, context: LoadContext): Promise<LoadedChat> {
  const { model, overrides, signal } = context;
  const { chat, changes, difference } = await replayDialogue(model, saved, signal ? { signal } : {});
  chat.configure(overrides);
  const notes = changes.map((change) => `${path}: not as it was saved: ${change}`);
  if (difference === null) {
    const turns = chat.turns.length === 1 ? '1 answer' : `${chat.turns.length} answers`;
    return {
      sides: singleSide(chat),
      unanswered: null,
      notes: [...notes, `${path}: ${turns}, token for token as saved`],
      difference: null,
    };
  }
  const { turn, index, saved: then, replayed } = difference;
  const token = (id: number | null): string => (id === null ? 'the end' : `token ${id}`);
  return {
    sides: singleSide(chat),
    unanswered: null,
    notes,
    difference: new HoldfastError(
      'E_DIALOGUE',
      `the answer of turn ${turn} parts from the saved one at its token ${index + 1}: ${token(then)} then, ${token(replayed)} now`,
      { file: path, hint: 'The dialogue goes on from the answer as it came out now' },
    ),
  };
}
