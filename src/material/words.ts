/** Scripts written without spaces between words. */
const UNSPACED = '\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}';
const UNSPACED_CHARACTER = new RegExp(`[${UNSPACED}]`, 'u');
const WORD = new RegExp(
  `[${UNSPACED}]|(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}])+(?:['’\\-](?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}])+)*`,
  'gu',
);

/** Composes a text (NFC) and straightens its quotes. Rules compare texts and answers in this form. */
export const normalize = (text: string): string =>
  text.normalize('NFC').replace(/[‘’ʼ]/g, "'").replace(/[“”„]/g, '"');

/** Returns the words of a text in order; in scripts without spaces each character is a word. */
export const wordsIn = (text: string): string[] => text.match(WORD) ?? [];

/** Returns whether a text contains a letter, digit or symbol. */
export const saysAnything = (text: string): boolean => /[\p{L}\p{N}\p{S}]/u.test(text);

/** Returns the lines that are not blank, trimmed. */
export const linesIn = (text: string): string[] =>
  text
    .split(/\r\n?|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

const spaced = (text: string): string => text.replace(/\s+/g, ' ').trim();
const folded = (text: string, exact: boolean): string => {
  const same = spaced(normalize(text));
  return exact ? same : same.toLowerCase();
};

/** Returns whether two adjacent characters belong to the same word. */
const joins = (own: string | undefined, other: string | undefined): boolean =>
  own !== undefined &&
  other !== undefined &&
  /[\p{L}\p{N}\p{M}]/u.test(own) &&
  /[\p{L}\p{N}\p{M}]/u.test(other) &&
  !(UNSPACED_CHARACTER.test(own) && UNSPACED_CHARACTER.test(other));

/** Returns whether an answer contains a text as whole words; any white space matches any other. */
export function contains(answer: string, text: string, exact: boolean): boolean {
  const hay = folded(answer, exact);
  const needle = folded(text, exact);
  for (let at = hay.indexOf(needle); at !== -1; at = hay.indexOf(needle, at + 1)) {
    const before = [...hay.slice(Math.max(0, at - 2), at)].at(-1);
    const after = [...hay.slice(at + needle.length, at + needle.length + 2)][0];
    if (!joins([...needle][0], before) && !joins([...needle].at(-1), after)) return true;
  }
  return false;
}

const OPENING = /^[\s"'«»‹›([{*_`~#>¿¡-]+/u;
const CLOSING = /[\s"'«»‹›)\]}*_`~]+$/u;
const CLOSING_OR_MARK = /[\s"'«»‹›)\]}*_`~.,!?…:;。！？]+$/u;
const isMarks = (text: string): boolean => !/[\p{L}\p{N}]/u.test(text);

/** Returns whether an answer starts with a text as whole words, ignoring opening quotes, brackets and marks. */
export function beginsWith(answer: string, text: string, exact: boolean): boolean {
  const start = folded(text, exact);
  const whole = folded(answer, exact);
  const fits = (said: string): boolean =>
    said.startsWith(start) && !joins([...start].at(-1), [...said.slice(start.length)][0]);
  return fits(whole) || fits(whole.replace(OPENING, ''));
}

/** Returns whether an answer ends with a text as whole words, ignoring closing quotes, brackets and marks. */
export function endsWith(answer: string, text: string, exact: boolean): boolean {
  const whole = folded(answer, exact);
  const end = folded(text, exact);
  if (isMarks(end)) return whole.endsWith(end) || whole.replace(CLOSING, '').endsWith(end);
  const said = whole.replace(CLOSING_OR_MARK, '');
  const wanted = end.replace(CLOSING_OR_MARK, '');
  if (!said.endsWith(wanted)) return false;
  return !joins([...wanted][0], [...said.slice(0, said.length - wanted.length)].at(-1));
}
