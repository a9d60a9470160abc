import { describe, expect, it } from 'vitest';
import { compilePattern, matchesOf } from './patterns.js';

const found = (regex: string, text: string): string[] =>
  matchesOf(text, compilePattern({ Regex: regex })).map(({ start, end }) => text.slice(start, end));

describe('a regular expression of Oniguruma', () => {
  // The matches are those that `tokenizers` 0.23.3 finds.
  it.each([
    ["'(?i:[sdmt]|ll)", "'s 'S 'ſ 'LL", ["'s", "'S", "'ſ", "'LL"]],
    ['(?i:[a-z]+)', 'Kk\u212a ſß', ['Kk\u212a', 'ſ']],
    ['(?i:[^a\\-]+)', 'aA-b', ['b']],
    ['a++a', 'aaa', []],
    ['(?>a+)a|b', 'aab', ['b']],
    ['a?+a', 'aa a', ['aa']],
    ['[]a]++b', ']ab', [']ab']],
    ['a{2}+', 'aaaaa', ['aaaa']],
    ['\\++b?+', '++b[+]', ['++b', '+']],
    ['$', '😀👩', ['']],
    ['^.', '😀👩\n👩', ['😀', '👩']],
  ])('matches like it: %s', (regex, text, matches) => {
    expect(found(regex, text)).toEqual(matches);
  });

  it.each([
    ['(?i:É)', /this letter, with case ignored/],
    ['(?i:straSSe)', /st, with case ignored/],
    ['(?i:[b-d])', /this range, with case ignored/],
    ['(?i:[é])', /this character class, with case ignored/],
    ['(?i:\\p{Lu})', /\\p\{Lu\}, with case ignored/],
    ['(?i)a', /this kind of group/],
    ['\\Ga', /\\G is not supported/],
    ['(?<=a++)b', /an atomic group beside a lookbehind/],
    ['(a)\\1b++', /an atomic group beside a lookbehind or a numbered reference/],
    ['(a', /an open group/],
    ['[a', /an open character class/],
    ['a)', /a closing bracket without an opening one/],
  ])('is refused where its meaning would be another: %s', (regex, reason) => {
    expect(() => compilePattern({ Regex: regex })).toThrow(reason);
  });
});
