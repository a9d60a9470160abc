import { describe, expect, it } from 'vitest';
import { createWordWrap, wrapWords } from './word-wrap.js';

describe('a wrapped text', () => {
  it.each([
    ['one two three four', 'one two\nthree four'],
    ['one\n\n  two three four', 'one\n\n  two\nthree four'],
    ['a-word-that-is-too-long now', 'a-word-tha\nt-is-too-l\nong now'],
    ['漢字漢字漢字漢字', '漢字漢字漢\n字漢字'],
    ['ends with spaces   ', 'ends with\nspaces'],
    ['', ''],
  ])('%j', (text, wrapped) => {
    expect(wrapWords(text, 10)).toBe(wrapped);
  });

  it('indents the lines of a broken one, not those that were there', () => {
    expect(wrapWords('one two three\nfour five six', 10, '  ')).toBe('one two\n  three\nfour five\n  six');
  });

  it('is the same whatever pieces it comes in, and holds back only the last word', () => {
    const text =
      'The quick brown fox jumps over the lazy dog, 漢字漢字漢字 and so on.\n  Indented, and long enough.';
    const wrap = createWordWrap(() => 20);
    const written = Array.from(text, (character) => wrap.push(character)).join('');
    expect(written + wrap.flush()).toBe(wrapWords(text, 20));
    expect(wrap.push('one tw')).toBe('one');
    expect(wrap.push('o three')).toBe(' two');
    expect(wrap.flush()).toBe(' three');
  });
});
