/**
 * Patterns are regular expressions written by the authors of material, never by users of a chat. They are restricted so
 * that matching takes at most quadratic time in the length of the text: a pattern matches the whole text, contains no
 * lookaround and no backreference, repeats no group, and has at most two unbounded repeats; the bounds of the others
 * multiply to at most `MAX_WAYS`.
 */

/** Texts longer than this match no pattern; no answer is that long. */
const MAX_LENGTH = 20_000;
const MAX_REPEATS = 2;
/** Limit for the product of the bounds of all other repeats: the number of ways to divide a text among them. */
const MAX_WAYS = 1e7;

/** Returns what is wrong with a pattern; null if nothing is. */
export function patternComplaint(source: string): string | null {
  try {
    compile(source);
  } catch (cause) {
    return cause instanceof SyntaxError ? cause.message : String(cause);
  }
  const bare = source
    .replace(/\\[pP]\{[^}]*\}/g, 'p')
    .replace(/\\k|\\[1-9]/g, '\0')
    .replace(/\\./gu, 'e')
    .replace(/\[[^\]]*\]/g, 'c');
  if (bare.includes('\0')) return 'backreferences are not allowed: they do not match in bounded time';
  if (/\(\?(?!:)/.test(bare))
    return 'only plain groups and (?:…) are allowed: others do not match in bounded time';
  if (/\)(?:[*+]|\{\d+(?:,\d*)?\})/.test(bare)) {
    return 'a group cannot be repeated; repeat a character or class';
  }
  const repeats = bare.match(/[*+]|\{\d+,\}/g) ?? [];
  if (repeats.length > MAX_REPEATS) {
    return `more than ${MAX_REPEATS} unbounded repeats: ${repeats.length}`;
  }
  const ways = [...bare.matchAll(/\{(\d+),(\d+)\}/g)].reduce(
    (product, [, from, to]) => product * (Number(to) - Number(from) + 1),
    1,
  );
  return ways > MAX_WAYS ? `the bounds of the repeats multiply to more than ${MAX_WAYS}: ${ways}` : null;
}

/** Returns whether a pattern matches a whole text. */
export function matches(source: string, text: string): boolean {
  return text.length <= MAX_LENGTH && compile(source).test(text);
}

const compile = (source: string): RegExp => new RegExp(`^(?:${source})$`, 'u');
