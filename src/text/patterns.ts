import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import type { CharRange } from './added-tokens.js';
import type { CheckLength } from './growth.js';
import { rewriteOniguruma } from './oniguruma.js';
import { asInUnicode16 } from './unicode.js';

/** A pattern of a `tokenizer.json`: a text, or a regular expression of Oniguruma. */
export type Pattern = { readonly String: string } | { readonly Regex: string };

/**
 * Compiles a pattern of a `tokenizer.json`. Its regular expressions are Oniguruma's; the library
 * `@huggingface/tokenizers` translates them.
 * @throws SyntaxError if it cannot be translated
 */
export function compilePattern(pattern: Pattern): RegExp {
  if ('String' in pattern) return new RegExp(pattern.String.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gu');
  return translate(rewriteOniguruma(pattern.Regex));
}

/** Returns the ranges of a pattern's matches, in their order. */
export function matchesOf(text: string, pattern: RegExp): readonly CharRange[] {
  const ranges: CharRange[] = [];
  for (const { 0: match, index } of asInUnicode16(text).matchAll(pattern)) {
    // V8 also tries lookarounds inside a surrogate pair, where no match can begin.
    if (!isInsidePair(text, index)) ranges.push({ start: index, end: index + match.length });
  }
  return ranges;
}

const isInsidePair = (text: string, index: number): boolean =>
  index > 0 && text.codePointAt(index - 1)! > 0xffff;

/**
 * Returns the text with every match replaced by the content as it is: `$1` has no meaning.
 * @throws what `check` throws, as soon as the result is too long
 */
export function replaceMatches(text: string, pattern: RegExp, content: string, check: CheckLength): string {
  if (text === '') return text; // not even a pattern that matches nothing matches here
  let replaced = '';
  let at = 0;
  for (const { start, end } of matchesOf(text, pattern)) {
    replaced += text.slice(at, start) + content;
    at = end;
    check(replaced.length);
  }
  return replaced + text.slice(at);
}

/** Translates a regular expression from Oniguruma's syntax. The library does so only for a tokenizer's pre-tokenizer. */
function translate(regex: string): RegExp {
  const split = { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
  const rest = { added_tokens: [], normalizer: null, post_processor: null, decoder: null };
  const model = { type: 'BPE', vocab: {}, merges: [] };
  return new LibraryTokenizer({ ...rest, model, pre_tokenizer: split }, {}).pre_tokenizer.pattern;
}
