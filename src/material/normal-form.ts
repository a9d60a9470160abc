/** Characters without a picture: soft hyphens, zero-width spaces, marks of direction. Joiners shape emoji and letters. */
const INVISIBLE = /[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
/** Full-width letters. Full-width marks stay: in the scripts that use them they end sentences without a space. */
const WIDE_LETTER = /[\uff21-\uff3a\uff41-\uff5a]/g;
/** Distance from an ASCII character to its full-width form. */
const WIDTH = 0xfee0;
const DIGIT = /\p{Nd}/u;

/**
 * Returns the form of a text in which rules compare texts and answers: composed (NFC), without invisible characters, with
 * straight quotes and apostrophes, one kind of hyphen, and ASCII for full-width letters and for the digits of every script.
 */
export const normalize = (text: string): string =>
  text
    .normalize('NFC')
    .replace(INVISIBLE, '')
    .replace(WIDE_LETTER, (letter) => String.fromCharCode(letter.charCodeAt(0) - WIDTH))
    .replace(/(?![0-9])\p{Nd}/gu, asciiDigit)
    .replace(/(?<=\d)\u066b(?=\d)/g, '.')
    .replace(/(?<=\d)\u066c(?=\d)/g, ',')
    .replace(/[‘’ʼ‚‛′´＇]/g, "'")
    .replace(/[“”„‟″＂]/g, '"')
    .replace(/[‐‑]/g, '-');

/** Returns a decimal digit of any script in ASCII. Unicode assigns the ten digits of a script in order, from zero. */
function asciiDigit(digit: string): string {
  const point = digit.codePointAt(0)!;
  let before = 0;
  while (DIGIT.test(String.fromCodePoint(point - before - 1))) before++;
  return String(before % 10);
}

/** The source of a pattern that matches one emoji: a flag, a keycap, or pictures with modifiers and joiners. */
export const EMOJI = [
  '\\p{RI}\\p{RI}',
  '[0-9#*]\\uFE0F?\\u20E3',
  '\\p{ExtPict}[\\uFE0F\\p{EMod}]?(?:\\u200D\\p{ExtPict}[\\uFE0F\\p{EMod}]?)*[\\u{E0020}-\\u{E007F}]*',
].join('|');

/** The source of a pattern that matches the address of a page. */
export const ADDRESS = '(?:https?://|www\\.)[^\\s<>"]*[\\p{L}\\p{N}/]';

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Returns the number of characters that a reader sees: an emoji with its modifiers is one. */
export const graphemesIn = (text: string): number => {
  let count = 0;
  for (const _ of graphemes.segment(text)) count++;
  return count;
};

/** Returns whether a character that a reader sees starts at a position, or the text ends there. */
export const isBoundary = (text: string, at: number): boolean =>
  at === text.length || graphemes.segment(text).containing(at)?.index === at;
