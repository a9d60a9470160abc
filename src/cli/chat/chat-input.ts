import { HoldfastError } from '../../errors.js';

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
export function isComplete(entry: string): boolean {
  const open = QUOTED.exec(entry);
  if (open === null) return true;
  const rest = entry.slice(open[0].length).trimEnd();
  return rest.endsWith(QUOTES);
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
