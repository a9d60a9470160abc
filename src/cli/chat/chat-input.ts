import { HoldfastError } from '../../errors.js';
import { COMMAND_NAMES } from './slash-commands.js';

/** A parsed entry: a command, a message, or nothing. */
export type ChatInput =
  | { readonly kind: 'command'; readonly name: string; readonly argument: string }
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'nothing' };

/** Stands around a text of several lines. */
const QUOTES = '"""';

/** The part of an entry before its quotes: nothing, or a command. */
const QUOTED = /^\s*(?:\/\S+\s+)?"""/;

/** Returns whether an entry is complete: if it opens `"""`, it ends with another `"""`. */
export const isComplete = (entry: string): boolean => entryOf(entry, () => false) !== null;

/**
 * Returns the entry that an edited text makes; null if it opens `"""` and does not end with another. Pasted quotes are text
 * and neither open nor close anything, and a pasted slash begins a command only if one has this name. An entry of
 * pasted text is written so that {@link readInput} reads it as text.
 */
export function entryOf(text: string, pasted: (index: number) => boolean): string | null {
  const slash = /^\s*\/(\S*)/.exec(text);
  if (slash !== null && pasted(text.indexOf('/')) && !COMMAND_NAMES.includes(slash[1]!)) {
    return `/${text.trim()}`;
  }
  const open = QUOTED.exec(text);
  if (open === null) return text;
  const typedQuotes = (at: number): boolean =>
    text.startsWith(QUOTES, at) && ![0, 1, 2].some((by) => pasted(at + by));
  const start = open[0].length - QUOTES.length;
  const end = text.trimEnd().length;
  if (!typedQuotes(start)) return `${text.slice(0, start)}${QUOTES}\n${text.slice(start, end)}\n${QUOTES}`;
  return end - QUOTES.length >= open[0].length && typedQuotes(end - QUOTES.length) ? text : null;
}

/**
 * Parses an entry: `/name argument` is a command, `//text` the message `/text`, a blank one nothing. Quotes of a text of
 * several lines are removed, with a line break beside them.
 * @throws HoldfastError `E_USAGE` when the quotes are not closed
 */
export function readInput(entry: string): ChatInput {
  const text = entry.trim();
  if (text === '') return { kind: 'nothing' };
  if (text.startsWith('//')) return { kind: 'message', text: text.slice(1) };
  const command = /^\/(\S*)\s*(.*)$/s.exec(text);
  return command === null
    ? { kind: 'message', text: unquoted(text) }
    : { kind: 'command', name: command[1]!, argument: unquoted(command[2]!) };
}

function unquoted(text: string): string {
  if (!text.startsWith(QUOTES)) return text;
  if (!isComplete(text)) {
    throw new HoldfastError('E_USAGE', `the text that begins with ${QUOTES} has no end`, {
      hint: `Close it with ${QUOTES}.`,
    });
  }
  return text.slice(QUOTES.length, -QUOTES.length).replace(/^\n|\n$/g, '');
}
