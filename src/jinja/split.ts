import { fail } from './errors.js';
import { countSearch, countSteps } from './limits.js';
import { isSpace, SPACE_CHARACTERS } from './space.js';
import { type Str, StrBuilder } from './str.js';

type Side = 'left' | 'right';

/** Python's `strip`, `lstrip` and `rstrip`. @param characters null: strip whitespace */
export function strip(text: Str, characters: Str | null, side: Side | 'both'): Str {
  const { text: whole } = text;
  const set = characters === null ? null : new Set(characters.text);
  const isStripped = (point: string): boolean => (set === null ? isSpace(point) : set.has(point));
  let start = 0;
  let end = whole.length;
  if (side !== 'right') {
    for (const point of whole) {
      if (!isStripped(point)) break;
      start += point.length;
    }
  }
  while (side !== 'left' && end > start) {
    const isPair = end - 2 >= start && whole.codePointAt(end - 2)! > 0xffff;
    const last = end - (isPair ? 2 : 1);
    if (!isStripped(whole.slice(last, end))) break;
    end = last;
  }
  return text.slice(start, end);
}

/**
 * Python's `split` and `rsplit`.
 * @param separator null: split at runs of whitespace
 * @param limit the most splits; negative for no limit
 * @param side where the splits are counted from
 */
export function split(text: Str, separator: Str | null, limit: number, side: Side): Str[] {
  if (separator?.text === '') fail('empty separator');
  const most = limit < 0 ? Number.POSITIVE_INFINITY : limit;
  if (separator === null) return splitAtSpace(text, most, side);
  const { text: whole } = text;
  const { text: sought } = separator;
  countSearch(whole.length, sought.length);
  const parts: Str[] = [];
  if (side === 'left') {
    let at = 0;
    for (
      let next = whole.indexOf(sought);
      next >= 0 && parts.length < most;
      next = whole.indexOf(sought, at)
    ) {
      countSteps(1);
      parts.push(text.slice(at, next));
      at = next + sought.length;
    }
    return [...parts, text.slice(at)];
  }
  let end = whole.length;
  while (parts.length < most) {
    const next = end < sought.length ? -1 : whole.lastIndexOf(sought, end - sought.length);
    if (next < 0) break;
    countSteps(1);
    parts.push(text.slice(next + sought.length, end));
    end = next;
  }
  return [...parts, text.slice(0, end)].reverse();
}

const WORD = new RegExp(`[^${SPACE_CHARACTERS}]+`, 'g');

function splitAtSpace(text: Str, most: number, side: Side): Str[] {
  const { text: whole } = text;
  const words: { readonly start: number; readonly end: number }[] = [];
  for (const { index, 0: word } of whole.matchAll(WORD)) {
    countSteps(1);
    words.push({ start: index, end: index + word.length });
  }
  const wordOf = ({ start, end }: { start: number; end: number }): Str => text.slice(start, end);
  if (words.length <= most) return words.map(wordOf);
  if (side === 'left') return [...words.slice(0, most).map(wordOf), text.slice(words[most]!.start)];
  const kept = words.length - most;
  return [text.slice(0, words[kept - 1]!.end), ...words.slice(kept).map(wordOf)];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python ends lines at the separators
const LINE_BREAK = /\r\n|[\n-\r\x1c-\x1e\x85\u2028\u2029]/g;

/** Python's `splitlines`, which knows more line breaks than JavaScript. */
export function splitLines(text: Str, keepsEnds: boolean): Str[] {
  const lines: Str[] = [];
  let at = 0;
  for (const { index, 0: end } of text.text.matchAll(LINE_BREAK)) {
    countSteps(1);
    lines.push(text.slice(at, keepsEnds ? index + end.length : index));
    at = index + end.length;
  }
  if (at < text.text.length) lines.push(text.slice(at));
  return lines;
}

/** Python's `partition` and `rpartition`. */
export function partition(text: Str, separator: Str, side: Side): Str[] {
  if (separator.text === '') fail('empty separator');
  countSearch(text.text.length, separator.text.length);
  const at = side === 'left' ? text.text.indexOf(separator.text) : text.text.lastIndexOf(separator.text);
  const none = text.slice(0, 0);
  if (at < 0) return side === 'left' ? [text, none, none] : [none, none, text];
  const end = at + separator.text.length;
  return [text.slice(0, at), text.slice(at, end), text.slice(end)];
}

/** Python's `replace`. @param limit the most replacements; negative for no limit */
export function replace(text: Str, old: Str, written: Str, limit: number): Str {
  const most = limit < 0 ? Number.POSITIVE_INFINITY : limit;
  const { text: whole } = text;
  const builder = new StrBuilder();
  let done = 0;
  if (old.text === '') {
    // The new text comes in front of every character, and at the end.
    for (const character of text.characters()) {
      if (done++ < most) builder.add(written);
      builder.add(character);
    }
    if (done < most) builder.add(written);
    return builder.build(text.isMarkup);
  }
  countSearch(whole.length, old.text.length);
  let at = 0;
  for (let next = whole.indexOf(old.text); next >= 0 && done < most; next = whole.indexOf(old.text, at)) {
    builder.addPart(text, at, next).addInstead(written, text, next, next + old.text.length);
    at = next + old.text.length;
    done++;
  }
  return done === 0 ? text : builder.addPart(text, at, whole.length).build(text.isMarkup);
}
