/** Finds graphemes: what a reader takes for one character. Made when needed: the first use of Intl takes a tenth of a start. */
let segmenter: Intl.Segmenter | null = null;

/** Marks, joiners and other characters that take no column of their own. */
const WITHOUT_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]*$/u;

/** Characters that take two columns (East Asian Width W and F in Unicode's annex 11), and emoji. */
const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u;

/** Splits a text into graphemes. */
export function graphemesOf(text: string): string[] {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Returns the columns that a grapheme takes on a terminal: 0, 1 or 2. */
export function graphemeWidth(grapheme: string): number {
  if (/^[\u0020-\u007e]$/.test(grapheme)) return 1;
  if (WITHOUT_WIDTH.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** Returns the columns that a text without line breaks takes on a terminal. */
export function textWidth(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  return graphemesOf(text).reduce((width, grapheme) => width + graphemeWidth(grapheme), 0);
}
