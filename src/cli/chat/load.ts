import {
  type ChatOptions,
  loadDialogue,
  replayDialogue,
  type SavedDialogue,
  type SettingsOptions,
} from '../../dialogue/index.js';
import type { Model } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { type Message, recordedMoment, writesTime } from '../../text/index.js';
import { parseJson, readNamedText } from '../options/index.js';
import { showLive, stderr } from '../terminal/index.js';
import { openSides, type Sides, singleSide } from './sides.js';

/** A dialogue from a file, ready to be continued. */
export interface LoadedChat {
  readonly sides: Sides;
  /** The last message, if it is the user's and has no answer. */
  readonly unanswered: string | null;
  /** Notes for the user, one line each. */
  readonly notes: readonly string[];
  /** Whether the dialogue continues a saved one token for token, so that it may be saved in its place. */
  readonly continues: boolean;
  /** The error to show if a saved dialogue was not reproduced; else null. */
  readonly difference: HoldfastError | null;
}

export interface LoadContext {
  readonly model: Model;
  readonly compare: boolean;
  /** Options for plain messages, which have no settings of their own. */
  readonly options: ChatOptions;
  /** The moment that the user gave for the dialogue in the file. */
  readonly now?: string | undefined;
  /** Settings that override a saved dialogue's from the next answer on. */
  readonly overrides: SettingsOptions;
  readonly signal?: AbortSignal;
}

/**
 * Opens the dialogue in a file. A saved dialogue is replayed, message by message, with its own settings. Plain messages
 * become the history as they are; if the last one is the user's, it remains to be answered.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, `E_DIALOGUE`; `E_USAGE` for a moment other than the recorded one;
 * what opening a chat and answers throw
 */
export async function loadChat(path: string, context: LoadContext): Promise<LoadedChat> {
  const file = await readNamedText(path);
  const { messages, saved } = loadDialogue(parseJson(file), file.name);
  if (saved === null) return fromMessages(messages, context, []);
  return context.compare ? compareFrom(path, saved, context) : replay(path, saved, context);
}

/** Opens a comparison whose sides both have the answers of a saved dialogue as they are. */
function compareFrom(path: string, saved: SavedDialogue, context: LoadContext): LoadedChat {
  const now = recordedMoment(saved.now, context.now);
  const { messages } = saved;
  const { format } = context.model;
  const guessed = saved.now === null && context.now === undefined;
  const dated = guessed && format !== null && writesTime(format, messages, { addGenerationPrompt: false });
  return fromMessages(messages, { ...context, options: { ...context.options, now } }, [
    ...(dated ? [guessedMoment(path, now)] : []),
    `${path}: both sides start from the saved answers: a comparison does not generate them again`,
  ]);
}

const guessedMoment = (path: string, now: string): string =>
  `${path}: the prompts contain the date or time, which the file does not record: they now have ${now}. To give another, start with --load and --now`;

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
  return { sides, unanswered, notes, continues: false, difference: null };
}

async function replay(path: string, saved: SavedDialogue, context: LoadContext): Promise<LoadedChat> {
  const { model, overrides, signal, now } = context;
  let answers = 0;
  const live = showLive(stderr, () => `replaying ${path}: ${answers} of ${saved.turns.length} answers`);
  const { chat, changes, difference, undated } = await replayDialogue(model, saved, {
    ...(signal ? { signal } : {}),
    ...(now === undefined ? {} : { now }),
    onAnswer(count) {
      answers = count;
    },
  }).finally(() => live.end());
  chat.configure(overrides);
  const notes = changes.map((change) => `${path}: changed since it was saved: ${change}`);
  const guessed = undated && now === undefined;
  if (guessed) {
    notes.push(guessedMoment(path, chat.now));
  }
  if (difference === null) {
    const turns = chat.turns.length === 1 ? '1 answer' : `${chat.turns.length} answers`;
    const same = guessed ? ': the tokens are as saved, the prompts may not be' : ', token for token as saved';
    return {
      sides: singleSide(chat),
      unanswered: null,
      notes: [...notes, `${path}: ${turns} replayed${same}`],
      continues: true,
      difference: null,
    };
  }
  const { turn, index, saved: then, replayed } = difference;
  const token = (id: number | null): string => (id === null ? 'the end' : `token ${id}`);
  const other = 'The date or time in the prompts may have been another';
  const reason = undated ? `${other}${guessed ? ': start with --load and --now to give it' : ''}. ` : '';
  return {
    sides: singleSide(chat),
    unanswered: null,
    notes,
    continues: false,
    difference: new HoldfastError(
      'E_DIALOGUE',
      `the answer of turn ${turn} differs from the saved one at token ${index + 1}: ${token(then)} then, ${token(replayed)} now`,
      { file: path, hint: `${reason}The dialogue continues from the new answer` },
    ),
  };
}
