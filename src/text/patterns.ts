import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import type { CharRange } from './added-tokens.js';
import { asInUnicode16 } from './unicode.js';

/** A pattern of a `tokenizer.json`: a text, or a regular expression of Oniguruma. */
export type Pattern = { readonly String: string } | { readonly Regex: string };

/** What lower-case ASCII letters also match in an Oniguruma pattern that ignores case. */
const FOLDED: readonly (readonly [string, string])[] = [
  ['[sS]', '[sS\u017f]'],
  ['[kK]', '[kK\u212a]'],
];

/**
 * Compiles a pattern of a `tokenizer.json`. Its regular expressions are Oniguruma's; the library
 * `@huggingface/tokenizers` translates them. Version 0.2.0 folds the case of ASCII letters only, which is mended here.
 * @throws SyntaxError if it cannot be translated
 */
export function compilePattern(pattern: Pattern): RegExp {
  if ('String' in pattern) return new RegExp(pattern.String.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gu');
  const compiled: RegExp = translate(pattern.Regex);
  if (!pattern.Regex.includes('(?i:')) return compiled;
  return new RegExp(
    FOLDED.reduce((source, [ascii, all]) => source.replaceAll(ascii, all), compiled.source),
    compiled.flags,
  );
}

/** Returns the ranges of a pattern's matches, in their order. */
export function matchesOf(text: string, pattern: RegExp): readonly CharRange[] {
  return Array.from(asInUnicode16(text).matchAll(pattern), ({ 0: match, index }) => ({
    start: index,
    end: index + match.length,
  }));
}

/** Returns the text with every match replaced by the content as it is: `$1` has no meaning. */
export function replaceMatches(text: string, pattern: RegExp, content: string): string {
  if (text === '') return text; // not even a pattern that matches nothing matches here
  let replaced = '';
  let at = 0;
  for (const { start, end } of matchesOf(text, pattern)) {
    replaced += text.slice(at, start) + content;
    at = end;
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
