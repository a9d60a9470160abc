import { boundedLength, countSteps } from './limits.js';
import { SPACE_CHARACTERS } from './space.js';
import { Str, StrBuilder } from './str.js';

/** Returns the code points of a string. */
export function pointsOf({ text }: Str): readonly string[] {
  countSteps(text.length);
  return [...text];
}

/** Returns a string with each code point written anew, by its index. */
function mapPoints(
  text: Str,
  points: readonly string[],
  written: (point: string, index: number) => string,
): Str {
  if (points.length === 0) return text;
  const builder = new StrBuilder();
  let at = 0;
  for (const [i, point] of points.entries()) {
    builder.addInstead(new Str(written(point, i)), text, at, at + point.length);
    at += point.length;
  }
  return builder.build(text.isMarkup);
}

/** Python's `str.lower`. */
export function lower(text: Str): Str {
  const lowered = text.text.toLowerCase();
  if (text.origins.length === 0 || lowered.length === text.text.length) {
    return new Str(lowered, text.origins, text.isMarkup);
  }
  const points = pointsOf(text);
  const parts = lowerPoints(text.text, points);
  return mapPoints(text, points, (_, i) => parts[i]!);
}

/** Returns each code point in lower case. How a sigma is written depends on the letters around it. */
function lowerPoints(text: string, points: readonly string[]): string[] {
  const lowered = text.toLowerCase();
  let at = 0;
  return points.map((point) => {
    const start = at;
    at += point.toLowerCase().length;
    return lowered.slice(start, at);
  });
}

/** Python's `str.upper`. */
export function upper(text: Str): Str {
  if (text.origins.length > 0) return mapPoints(text, pointsOf(text), (point) => point.toUpperCase());
  const raised = text.text.toUpperCase();
  boundedLength(raised.length);
  return new Str(raised, [], text.isMarkup);
}

/** Python's `str.swapcase`. */
export function swapCase(text: Str): Str {
  const points = pointsOf(text);
  const lowered = lowerPoints(text.text, points);
  return mapPoints(text, points, (point, i) => {
    if (/\p{Uppercase}/u.test(point)) return lowered[i]!;
    return /\p{Lowercase}/u.test(point) ? point.toUpperCase() : point;
  });
}

/** Python's `str.capitalize`: the first character in title case, the others in lower case. */
export function capitalize(text: Str): Str {
  const points = pointsOf(text);
  const lowered = lowerPoints(text.text, points);
  return mapPoints(text, points, (point, i) => (i === 0 ? titleOf(point) : lowered[i]!));
}

/** Python's `str.title`: a letter after a letter is in lower case, any other in title case. */
export function title(text: Str): Str {
  const points = pointsOf(text);
  const lowered = lowerPoints(text.text, points);
  return mapPoints(text, points, (point, i) =>
    i > 0 && /\p{Cased}/u.test(points[i - 1]!) ? lowered[i]! : titleOf(point),
  );
}

/** The filter `title`: the first character of each word in upper case; words are split at blanks, hyphens and brackets. */
export function titleWords(text: Str): Str {
  const points = pointsOf(text);
  const lowered: string[] = [];
  const isStart = points.map(
    (_, i) => i === 0 || WORD_BORDER.test(points[i - 1]!) !== WORD_BORDER.test(points[i]!),
  );
  // Each word is written in lower case by itself.
  for (let i = 0; i < points.length; ) {
    let end = i + 1;
    while (end < points.length && !isStart[end]) end++;
    const rest = points.slice(i + 1, end);
    lowered.push(points[i]!, ...lowerPoints(rest.join(''), rest));
    i = end;
  }
  return mapPoints(text, points, (point, i) => (isStart[i] ? point.toUpperCase() : lowered[i]!)).marked(
    false,
  );
}

const WORD_BORDER = new RegExp(`[-({[<${SPACE_CHARACTERS}]`);

/** The title case of characters that JavaScript's upper case does not tell. */
const GREEK_BASES: Readonly<Record<string, string>> = {
  '\u1fb3': '\u1fbc',
  '\u1fc3': '\u1fcc',
  '\u1ff3': '\u1ffc',
};

/** Returns the title case of a code point, which JavaScript does not have. */
function titleOf(point: string): string {
  const code = point.codePointAt(0)!;
  // Letters of two glyphs have a title case of their own: Ǆ ǅ ǆ.
  if (code >= 0x1c4 && code <= 0x1cc) return String.fromCharCode(0x1c5 + 3 * Math.floor((code - 0x1c4) / 3));
  if (code >= 0x1f1 && code <= 0x1f3) return '\u01f2';
  // Georgian letters have an upper case that titles do not use.
  if (code >= 0x10d0 && code <= 0x10ff) return point;
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCharCode(code | 8);
  if (/[\u1fbc\u1fcc\u1ffc]/.test(point)) return point;
  if (point === '\u0149') return point.toUpperCase(); // an apostrophe and a capital n
  const single = GREEK_BASES[point];
  if (single !== undefined) return single;
  const [first, ...rest] = point.toUpperCase();
  // A combining iota stays below: ᾲ → Ὰͅ.
  const after = rest.join('');
  return first! + (/[\u1f00-\u1fff]/.test(point) ? after.replace('\u0399', '\u0345') : after.toLowerCase());
}
