import { graphemesOf } from '../text-width.js';

/** A text that is edited, and the index in it of the cursor, in UTF-16 code units. */
export interface EditedText {
  readonly text: string;
  readonly cursor: number;
}

/** Replaces `[start, end)` and puts the cursor after the new text. */
export function replaceRange({ text }: EditedText, start: number, end: number, by: string): EditedText {
  return { text: text.slice(0, start) + by + text.slice(end), cursor: start + by.length };
}

export const insertText = (edited: EditedText, text: string): EditedText =>
  replaceRange(edited, edited.cursor, edited.cursor, text);

/** Places that a cursor can move to, as indices of a text. */
export const PLACES = {
  left: ({ text, cursor }: EditedText): number =>
    cursor - (graphemesOf(text.slice(lineStart(text, cursor - 1), cursor)).at(-1) ?? '').length,
  right: ({ text, cursor }: EditedText): number =>
    cursor + (graphemesOf(text.slice(cursor, lineEnd(text, cursor) + 1))[0] ?? '').length,
  wordLeft: ({ text, cursor }: EditedText): number =>
    cursor -
    /(?:[\p{L}\p{N}\p{M}_]+[^\p{L}\p{N}_]*|[^\p{L}\p{N}_]+)?$/u.exec(text.slice(0, cursor))![0].length,
  wordRight: ({ text, cursor }: EditedText): number =>
    cursor + /^[^\p{L}\p{N}_]*[\p{L}\p{N}\p{M}_]*/u.exec(text.slice(cursor))![0].length,
  lineStart: ({ text, cursor }: EditedText): number => lineStart(text, cursor),
  lineEnd: ({ text, cursor }: EditedText): number => lineEnd(text, cursor),
} as const;

/** Returns the index after the last line break before `index`. */
const lineStart = (text: string, index: number): number =>
  index <= 0 ? 0 : text.lastIndexOf('\n', index - 1) + 1;

/** Returns the index of the next line break, or of the end. */
function lineEnd(text: string, index: number): number {
  const end = text.indexOf('\n', index);
  return end < 0 ? text.length : end;
}
