/**
 * Patterns are regular expressions of whoever writes the material, never of who talks to a model. They are kept to a form
 * whose matching takes at worst time quadratic in the text's length: they match a whole text, hold no lookaround and no
 * backreference, repeat no group without bound, and hold at most two repeats without bound.
 */

/** Texts longer than this match no pattern; no answer is. */
const MAX_LENGTH = 20_000;
const MAX_REPEATS = 2;

/** What is wrong with a pattern; null when nothing is. */
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
  if (bare.includes('\0')) return 'backreferences are not matched in bounded time';
  if (/\(\?(?!:)/.test(bare)) return 'only plain groups and (?:…) are matched in bounded time';
  if (/\)(?:[*+]|\{\d+(?:,\d*)?\})/.test(bare))
    return 'a group cannot be repeated; repeat a character or class';
  const repeats = bare.match(/[*+]|\{\d+,\}/g) ?? [];
  return repeats.length > MAX_REPEATS
    ? `at most ${MAX_REPEATS} repeats without bound, not ${repeats.length}`
    : null;
}

export function matches(source: string, text: string): boolean {
  return text.length <= MAX_LENGTH && compile(source).test(text);
}

const compile = (source: string): RegExp => new RegExp(`^(?:${source})$`, 'u');
