/**
 * Python's reading of text where it differs from JavaScript's. Published checkers are written in Python, and their
 * meaning includes these differences.
 */

/** Python's `\s`, for use in a character class. JavaScript also counts U+FEFF, and not U+001C to U+001F and U+0085. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
/** Python's `\w`, for use in a character class: letters and digits of every script. JavaScript's is ASCII. */
export const WORD = '\\p{L}\\p{N}_';

const ENDS = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'g');

/** `str.strip()`: removes white space at both ends. */
export const strip = (text: string): string => text.replace(ENDS, '');

/** Returns whether a text is empty or white space. */
export const isBlank = (text: string): boolean => strip(text) === '';

/** `str.strip(characters)` for a single character. */
export const stripCharacter = (text: string, character: string): string => {
  let [from, to] = [0, text.length];
  while (from < to && text[from] === character) from++;
  while (to > from && text[to - 1] === character) to--;
  return text.slice(from, to);
};

/**
 * Returns the source of a pattern that finds a text without operators as `re.IGNORECASE` does, for use with the flags
 * `iu`. Python also takes dotted and dotless i for i.
 */
export const anyCase = (text: string): string => text.replace(/i/gi, '[iıİ]');

/**
 * `json.loads`: returns whether a text is JSON. Python also accepts `NaN`, `Infinity` and `-Infinity`.
 */
export function isPythonJson(text: string): boolean {
  const standard = text.replace(/"(?:[^"\\]|\\.)*"|(?<![\w.+-])(?:NaN|-?Infinity)(?![\w.])/gs, (token) =>
    token.startsWith('"') ? token : 'null',
  );
  try {
    JSON.parse(standard);
    return true;
  } catch {
    return false;
  }
}
