import { InvalidArgumentError } from 'commander';
import { parseTarget, targetName } from '../../attention/index.js';
import { CACHE_KINDS, type Chat, type SettingsChanges } from '../../dialogue/index.js';
import type { Sampling } from '../../engine/index.js';
import { HoldfastError } from '../../errors.js';
import { nearest } from '../../nearest.js';
import { decimal, indexRanges, ON_CONTEXT_FULL, positiveInteger } from '../options/index.js';

/** A setting that `/set` changes. It has the name of its option on the command line. */
interface ChatSetting {
  /** The words that it takes, if it takes only these. */
  readonly values?: readonly string[];
  read(chat: Chat): string;
  /** @throws InvalidArgumentError for a text that is no value of this setting; what `Chat.configure` throws */
  write(chat: Chat, text: string): void;
}

const configured = (
  read: ChatSetting['read'],
  changes: (text: string) => SettingsChanges,
  values?: readonly string[],
): ChatSetting => ({
  read,
  write: (chat, text) => chat.configure(changes(text)),
  ...(values ? { values } : {}),
});

const sampled = (name: keyof Sampling): ChatSetting =>
  configured(
    ({ settings }) => String(settings.sampling[name]),
    (text) => ({ sampling: { [name]: decimal(text) } }),
  );

const indices = (name: 'layers' | 'heads'): ChatSetting =>
  configured(
    ({ settings }) => settings.selection[name]?.join(',') ?? 'all',
    (text) => ({ [name]: text === 'all' ? undefined : indexRanges(text) }),
  );

const SETTINGS: Readonly<Record<string, ChatSetting>> = {
  temperature: sampled('temperature'),
  'top-p': sampled('topP'),
  'top-k': sampled('topK'),
  'min-p': sampled('minP'),
  'repetition-penalty': sampled('repetitionPenalty'),
  seed: sampled('seed'),
  'max-tokens': configured(
    ({ settings }) => String(settings.maxTokens),
    (text) => ({ maxTokens: positiveInteger(text) }),
  ),
  stop: configured(
    ({ settings }) => settings.stop.map((text) => JSON.stringify(text)).join(' ') || 'none',
    (text) => ({ stop: text === 'none' ? [] : [text] }),
  ),
  target: configured(
    ({ settings }) => targetName(settings.target),
    (text) => ({ target: parseTarget(text) }),
  ),
  layers: indices('layers'),
  heads: indices('heads'),
  cache: configured(
    ({ settings }) => settings.cache,
    (text) => ({ cache: oneOf(CACHE_KINDS, text) }),
    CACHE_KINDS,
  ),
  reminder: configured(
    ({ settings: { reminder } }) => (reminder === true ? 'system' : (reminder ?? 'none')),
    (text) => ({ reminder: text === 'none' ? null : text === 'system' ? true : text }),
  ),
  'on-context-full': {
    values: ON_CONTEXT_FULL,
    read: (chat) => chat.onContextFull,
    write(chat, text) {
      chat.onContextFull = oneOf(ON_CONTEXT_FULL, text);
    },
  },
};

/** What the chat has a command of its own for. */
const COMMANDS_INSTEAD: readonly string[] = ['policy', 'strength', 'system'];

/** The names of all settings. */
export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS);

/** Returns the words that a setting takes; none if it takes others too. */
export const settingValues = (name: string): readonly string[] =>
  Object.hasOwn(SETTINGS, name) ? (SETTINGS[name]!.values ?? []) : [];

/** Returns every setting with its value in a chat. */
export const settingRows = (chat: Chat): (readonly [name: string, value: string])[] =>
  Object.entries(SETTINGS).map(([name, setting]) => [name, setting.read(chat)]);

/**
 * Changes a setting of some chats from the next answer on.
 * @throws HoldfastError `E_USAGE` for an unknown name or a text that is no value; what `Chat.configure` throws
 */
export function changeSetting(chats: readonly Chat[], name: string, text: string): void {
  const setting = settingNamed(name);
  try {
    for (const chat of chats) setting.write(chat, text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new HoldfastError('E_USAGE', `"${text}" is not a value of ${name}`, { hint: error.message });
  }
}

/** Returns the value of a setting in a chat. */
export const settingValue = (chat: Chat, name: string): string => settingNamed(name).read(chat);

function settingNamed(name: string): ChatSetting {
  if (Object.hasOwn(SETTINGS, name)) return SETTINGS[name]!;
  const near = COMMANDS_INSTEAD.includes(name) ? `/${name}` : nearest(name, SETTING_NAMES);
  throw new HoldfastError('E_USAGE', `"${name}" is not a setting`, {
    hint: near === null ? '/set alone lists them.' : `Did you mean ${near}?`,
  });
}

function oneOf<Word extends string>(words: readonly Word[], text: string): Word {
  const word = words.find((each) => each === text);
  if (word === undefined) throw new InvalidArgumentError(`It is ${words.join(' or ')}.`);
  return word;
}
