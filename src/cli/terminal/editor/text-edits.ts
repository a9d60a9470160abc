import { graphemesOf } from '../text-width.js';

/** A text that is edited, the index in it of the cursor, and where each character is from, in UTF-16 code units. */
export interface EditedText {
  readonly text: string;
  readonly cursor: number;
  /** As long as `text`: {@link TYPED} or {@link PASTED} for each code unit. */
  readonly origin: string;
}

const TYPED = 't';
const PASTED = 'p';

/** Returns a text as it is when it was typed, with the cursor at its end. */
export const typedText = (text: string): EditedText => ({
  text,
  cursor: text.length,
  origin: TYPED.repeat(text.length),
});

/** Returns a text that was pasted. */
export const pastedText = (text: string): EditedText => ({
  ...typedText(text),
  origin: PASTED.repeat(text.length),
});

/** Returns the part `[start, end)` of a text. */
export const partOf = ({ text, origin }: EditedText, start: number, end: number): EditedText => ({
  text: text.slice(start, end),
  cursor: end - start,
  origin: origin.slice(start, end),
});

/** Whether the character at an index was pasted. */
export const isPasted = ({ origin }: EditedText, index: number): boolean => origin[index] === PASTED;

/** Replaces `[start, end)` and puts the cursor after the new text. */
export function replaceRange(
  { text, origin }: EditedText,
  start: number,
  end: number,
  by: EditedText,
): EditedText {
  return {
    text: text.slice(0, start) + by.text + text.slice(end),
    cursor: start + by.text.length,
    origin: origin.slice(0, start) + by.origin + origin.slice(end),
  };
}

export const insertText = (edited: EditedText, by: EditedText): EditedText =>
  replaceRange(edited, edited.cursor, edited.cursor, by);

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
