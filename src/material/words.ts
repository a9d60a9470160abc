import { ADDRESS, EMOJI, isBoundary, normalize } from './normal-form.js';

/** Scripts written without spaces between words. */
const UNSPACED = '\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}';
const UNSPACED_CHARACTER = new RegExp(`[${UNSPACED}]`, 'u');
const PART = `(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}])+`;
/** What may stand between two parts of one word. */
const JOINT = [
  "['’\\-‐‑·@_&]",
  '(?<=\\p{N})[.,:/\\u00a0\\u202f](?=\\p{N})', // 3.50, 1,200, 10:30, 24/7
  '(?<=\\p{L})\\.(?=\\p{Ll})', // e.g., example.com
  '(?<=(?<![\\p{L}\\p{N}])\\p{Lu})\\.(?=\\p{Lu}(?![\\p{L}\\p{N}]))', // U.S.A.
].join('|');
const WORD = new RegExp(`${ADDRESS}|[${UNSPACED}]|${PART}(?:(?:${JOINT})${PART})*`, 'gu');
const KEYCAP = /[0-9#*]\uFE0F?\u20E3/g;

/**
 * Returns the words of a text in order. A number, an abbreviation, a hyphenated word and an address are one word each; in
 * scripts without spaces each character is a word. Emoji are not words.
 */
export const wordsIn = (text: string): string[] => text.replace(KEYCAP, ' ').match(WORD) ?? [];

/** Returns whether a text contains a letter, digit or symbol. */
export const saysAnything = (text: string): boolean => /[\p{L}\p{N}\p{S}]/u.test(text);

/** Returns the lines that are not blank, trimmed. */
export const linesIn = (text: string): string[] =>
  text
    .split(/\r\n?|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Returns the form in which texts are searched for: an emoji is the same in every skin tone and style. */
export function folded(text: string, exact: boolean): string {
  const same = normalize(text)
    .replace(/[\uFE0E\uFE0F]|(?<=\p{ExtPict})\p{EMod}/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
  return exact ? same : same.toLowerCase();
}

/** Returns whether two adjacent characters belong to the same word. */
const joins = (own: string | undefined, other: string | undefined): boolean =>
  own !== undefined &&
  other !== undefined &&
  /[\p{L}\p{N}\p{M}]/u.test(own) &&
  /[\p{L}\p{N}\p{M}]/u.test(other) &&
  !(UNSPACED_CHARACTER.test(own) && UNSPACED_CHARACTER.test(other));

/** Returns whether a part of a text is whole: it cuts no word, number or emoji. `3` and `50` are not whole in `3.50`. */
function isWhole(text: string, from: number, to: number): boolean {
  const [before, after] = [text.slice(Math.max(0, from - 2), from), text.slice(to, to + 4)];
  const inside = [...text.slice(from, to)];
  if (joins(inside[0], [...before].at(-1)) || joins(inside.at(-1), [...after][0])) return false;
  if (/^\d/.test(text.slice(from, to)) && /\d[.,:]$/.test(before)) return false;
  // 3.00 is 3.
  if (/\d$/.test(text.slice(from, to)) && /^[.,:](?!0{1,2}(?!\d))\d/.test(after)) return false;
  return isBoundary(text, from) && isBoundary(text, to);
}

/** Returns the positions in a folded answer at which a text stands as whole words; any white space matches any other. */
export function placesOf(answer: string, text: string, exact: boolean): number[] {
  const hay = folded(answer, exact);
  const needle = folded(text, exact);
  const places: number[] = [];
  for (let at = hay.indexOf(needle); at !== -1; at = hay.indexOf(needle, at + 1)) {
    if (isWhole(hay, at, at + needle.length)) places.push(at);
  }
  return places;
}

/** Returns whether an answer contains a text as whole words. */
export const contains = (answer: string, text: string, exact: boolean): boolean =>
  placesOf(answer, text, exact).length > 0;

/** Marks that belong to what stands beside them: `5 %` does not end with `5`, nor `@you` begin with `you`. */
const OWN = '(?![%‰&@/\\\\])';
const OPENING = new RegExp(`^(?:[\\s\`~>|^]|${OWN}\\p{P}|${EMOJI})+`, 'u');
/** Runs of closing quotes, brackets, Markdown marks and emoji. */
const CLOSING = new RegExp(`(?:[\\s"'*_\`~|]|[\\p{Pe}\\p{Pf}\\p{Pi}]|${EMOJI})+`, 'gu');
/** The same with marks. */
const CLOSING_OR_MARK = new RegExp(`(?:[\\s\`~|\\p{Sk}]|(?!#)${OWN}\\p{P}|${EMOJI})+`, 'gu');
const LAST_MARKS = /[\s"'«»‹›)\]}*_`~.,!?…:;。！？]+$/u;
const isMarks = (text: string): boolean => !/[\p{L}\p{N}\p{ExtPict}]/u.test(text);

/** Returns the position at which the run at the end of a text starts; the text's length if no run ends it. */
function endRun(text: string, run: RegExp): number {
  for (const match of text.matchAll(run)) {
    if (match.index + match[0].length === text.length) return match.index;
  }
  return text.length;
}

/** Returns whether an answer starts with a text as whole words, ignoring opening quotes, brackets, marks and emoji. */
export function beginsWith(answer: string, text: string, exact: boolean): boolean {
  const start = folded(text, exact);
  const whole = folded(answer, exact);
  const run = OPENING.exec(whole)?.[0].length ?? 0;
  for (let at = 0; at <= run; at++) {
    if (whole.startsWith(start, at) && isWhole(whole, at, at + start.length)) return true;
  }
  return false;
}

/** Returns whether an answer ends with a text as whole words, ignoring closing quotes, brackets, marks and emoji. */
export function endsWith(answer: string, text: string, exact: boolean): boolean {
  const whole = folded(answer, exact);
  const end = folded(text, exact);
  const wanted = isMarks(end) ? end : end.replace(LAST_MARKS, '');
  const run = endRun(whole, isMarks(end) ? CLOSING : CLOSING_OR_MARK);
  for (let to = whole.length; to >= run; to--) {
    if (whole.endsWith(wanted, to) && isWhole(whole, to - wanted.length, to)) return true;
  }
  return false;
}
