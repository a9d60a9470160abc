import { pointsOf } from './case.js';
import { fail, unsupported } from './errors.js';
import { countSearch } from './limits.js';
import { isSpace } from './space.js';
import type { Str } from './str.js';
import { requireIndex, requireStr, Tuple, type Value } from './values.js';

/** Returns the borders of a range that a method searches, in code points, and whether it is a range at all. */
function searched(text: Str, start: Value, end: Value): { readonly from: number; readonly to: number } {
  const size = text.length;
  const border = (given: Value, missing: number): number => {
    if (given === null) return missing;
    const index = requireIndex(given);
    return index < 0 ? Math.max(0, index + size) : index;
  };
  return { from: border(start, 0), to: Math.min(border(end, size), size) };
}

/** Python's `startswith` and `endswith`. @param args the affix or a tuple of them, and the range */
export function startsOrEndsWith(
  text: Str,
  edge: 'start' | 'end',
  [affix, start, end]: readonly Value[],
): boolean {
  const { from, to } = searched(text, start!, end!);
  const affixes = affix instanceof Tuple ? affix.items : [affix!];
  const part = from > to ? null : text.text.slice(text.unitOf(from), text.unitOf(to));
  return affixes.some((candidate) => {
    const sought = requireStr(candidate, 'the prefix or suffix').text;
    if (part === null) return false;
    return edge === 'start' ? part.startsWith(sought) : part.endsWith(sought);
  });
}

/** Python's `find` and `rfind`: the index in code points, or -1. */
export function find(text: Str, which: 'first' | 'last', [sub, start, end]: readonly Value[]): number {
  const sought = requireStr(sub!, 'the text to find').text;
  const { from, to } = searched(text, start!, end!);
  if (from > to) return -1;
  const base = text.unitOf(from);
  const part = text.text.slice(base, text.unitOf(to));
  countSearch(part.length, sought.length);
  const at = which === 'first' ? part.indexOf(sought) : part.lastIndexOf(sought);
  return at < 0 ? -1 : text.indexOf(base + at);
}

/** Python's `count`: occurrences that do not overlap. */
export function count(text: Str, [sub, start, end]: readonly Value[]): number {
  const sought = requireStr(sub!, 'the text to count').text;
  const { from, to } = searched(text, start!, end!);
  if (from > to) return 0;
  if (sought === '') return to - from + 1;
  const part = text.text.slice(text.unitOf(from), text.unitOf(to));
  countSearch(part.length, sought.length);
  let found = 0;
  for (let at = part.indexOf(sought); at >= 0; at = part.indexOf(sought, at + sought.length)) found++;
  return found;
}

const OF_EACH: Readonly<Record<string, RegExp>> = {
  isalnum: /^[\p{L}\p{N}]+$/u,
  isalpha: /^\p{L}+$/u,
  isascii: /^[\0-\x7f]*$/,
  isdecimal: /^\p{Nd}+$/u,
  isidentifier: /^[\p{XID_Start}_]\p{XID_Continue}*$/u,
  isprintable: /^[^\p{C}\p{Z}]*$/u,
};

/** Python's `isalpha`, `isdigit`, …. */
export function isPredicate(text: Str, name: string): boolean {
  const points = pointsOf(text);
  switch (name) {
    case 'isspace':
      return points.length > 0 && points.every(isSpace);
    case 'isprintable':
      return OF_EACH.isprintable!.test(text.text.replaceAll(' ', ''));
    case 'islower':
      return hasCase(points, /\p{Lowercase}/u, /[\p{Uppercase}\p{Lt}]/u);
    case 'isupper':
      return hasCase(points, /\p{Uppercase}/u, /[\p{Lowercase}\p{Lt}]/u);
    case 'istitle':
      return isTitle(points);
    case 'isdigit':
    case 'isnumeric': {
      // Which of these characters are digits or numbers is in no property that JavaScript knows.
      if (/[\p{No}\p{Script=Han}]/u.test(text.text))
        return unsupported(`"${name}" of characters like ½ and 三`);
      const pattern = name === 'isdigit' ? /^\p{Nd}+$/u : /^\p{N}+$/u;
      return pattern.test(text.text);
    }
    default:
      return (OF_EACH[name] ?? fail(`there is no method ${name}`)).test(text.text);
  }
}

function hasCase(points: readonly string[], own: RegExp, other: RegExp): boolean {
  return points.some((point) => own.test(point)) && !points.some((point) => other.test(point));
}

/** Whether each word begins in upper or title case and goes on in lower case. */
function isTitle(points: readonly string[]): boolean {
  let hasWord = false;
  let isInside = false;
  for (const point of points) {
    if (/[\p{Uppercase}\p{Lt}]/u.test(point)) {
      if (isInside) return false;
      isInside = true;
      hasWord = true;
    } else if (/\p{Lowercase}/u.test(point)) {
      if (!isInside) return false;
      hasWord = true;
    } else isInside = false;
  }
  return hasWord;
}
