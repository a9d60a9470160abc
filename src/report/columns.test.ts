import { describe, expect, it } from 'vitest';
import { sideBySide, wrap } from './columns.js';

describe('wrapping', () => {
  it('breaks between words, at line ends, and inside a word that is too long', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('- a\n- b', 7)).toEqual(['- a', '- b']);
    expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl']);
    expect(wrap('', 4)).toEqual(['']);
  });

  it('loses no word and never exceeds the width', () => {
    const text = 'the sky over Oslo will be dry and the sun comes back soon '.repeat(5).trim();
    for (let width = 5; width < 40; width++) {
      const lines = wrap(text, width);
      expect(Math.max(...lines.map((line) => line.length)), `width ${width}`).toBeLessThanOrEqual(width);
      expect(lines.join(' ')).toBe(text);
    }
  });
});

describe('two columns', () => {
  it('stay aligned if one is shorter, and if colours add characters', () => {
    const red = (text: string): string => `<${text}>`;
    const rows = sideBySide([{ text: 'a', paint: red }, { text: 'bcd' }], [{ text: 'e' }], 4);
    expect(rows).toEqual(['<a>    │ e', 'bcd  │']);
  });
});
