import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visible, visibleLine } from './visible.js';

describe('visible', () => {
  it.each([
    ['C0', 'a\u0000\u0007\u0008\u001b[2J\r', 'a\\u0000\\u0007\\u0008\\u001b[2J\\u000d'],
    ['DEL and C1', '\u007f\u0080\u0085\u009b1m\u009f', '\\u007f\\u0080\\u0085\\u009b1m\\u009f'],
    ['bidirectional controls', '\u202a\u202e\u2066\u2069', '\\u202a\\u202e\\u2066\\u2069'],
    ['half of a surrogate pair', 'a\ud800b', 'a\\ud800b'],
  ])('escapes %s', (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('leaves line breaks, tabs and ordinary text alone, joiners included', () => {
    const text = 'a\tb\n\u00a0é 漢字 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 می‌خواهم עברית\u200f \\u001b';
    expect(visible(text)).toBe(text);
  });

  it('keeps the meaning of JSON', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...'\u0000\t\n\u001b\u007f\u0085\u009b\u202e\u2066"\\aé😀\ud800'),
        }),
        (text) => {
          const json = JSON.stringify({ [text]: [text] }, null, 2);
          expect(JSON.parse(visible(json))).toEqual(JSON.parse(json));
        },
      ),
    );
    const json = JSON.stringify('\u007f\u009b\u202e\ud800');
    expect(visible(json)).toBe('"\\u007f\\u009b\\u202e\\ud800"');
  });
});

describe('visibleLine', () => {
  it('escapes line breaks too', () => {
    expect(visibleLine('model\nerror: \tfake')).toBe('model\\u000aerror: \tfake');
  });
});
