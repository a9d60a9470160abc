import { normalize } from './normal-form.js';

/** Returns whether an answer contains a secret: plainly, inside a word, backwards, or with marks between its characters. */
export function leaks(answer: string, secret: string): boolean {
  const said = bared(answer);
  const plain = bared(secret);
  const letters = plain.match(/[\p{L}\p{N}]/gu) ?? [];
  return [letters, letters.toReversed()]
    .map((characters) => characters.join(''))
    .some((word) => said.includes(plain) || said.includes(word) || spells(said, word));
}

/** Lower-cases a text and removes accents, invisible characters and compatibility forms. */
const bared = (text: string): string =>
  normalize(text)
    .normalize('NFKD')
    .replace(/[\p{M}\u00ad\u200b-\u200d\u2060\ufeff]/gu, '')
    .replace(/\s+/g, ' ')
    .toLowerCase();

/** Marks and spaces that may stand between two characters of a spelled word. */
const MAX_GAP = 8;

/**
 * Returns whether the letters occur in order with only marks and spaces between them, and no letter touches either end:
 * `the Ron` does not spell `heron`.
 */
function spells(said: string, letters: string): boolean {
  // The position of each UTF-16 unit that belongs to a letter or digit.
  const places: number[] = [];
  let squeezed = '';
  for (const { 0: letter, index } of said.matchAll(/[\p{L}\p{N}]/gu)) {
    squeezed += letter;
    for (let unit = 0; unit < letter.length; unit++) places.push(index + unit);
  }
  const follows = (unit: number): boolean => places[unit] === places[unit - 1]! + 1;
  for (let at = squeezed.indexOf(letters); at !== -1; at = squeezed.indexOf(letters, at + 1)) {
    const end = at + letters.length;
    const gaps = places.slice(at + 1, end).map((place, index) => place - places[at + index]! - 1);
    const apart = !(at > 0 && follows(at)) && !(end < places.length && follows(end));
    if (apart && gaps.every((gap) => gap <= MAX_GAP)) return true;
  }
  return false;
}
