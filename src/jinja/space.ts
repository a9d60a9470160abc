/**
 * The characters of Python's `str.isspace` and of `\s` in its patterns, to be used between the brackets of a character
 * class. They are not JavaScript's, which include U+FEFF and lack U+0085 and the separators U+001C to U+001F.
 */
export const SPACE_CHARACTERS =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const SPACE = new RegExp(`[${SPACE_CHARACTERS}]`);

/** Whether a character is one that Python strips and splits at. */
export const isSpace = (character: string): boolean => SPACE.test(character);
