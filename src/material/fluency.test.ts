import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fluency, loadMaterial } from './index.js';

const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 60 })
  .map((points) => String.fromCodePoint(...points));

describe('fluency', () => {
  it('is 1 for ordinary text, lists, JSON and numbers, in any language', () => {
    const { prompts, texts } = loadMaterial();
    const written = [...texts.map(({ text }) => text), ...prompts.flatMap(({ good }) => good)];
    for (const text of written) expect(fluency(text), text).toBeGreaterThanOrEqual(0.8);
    for (const text of ['42', 'はい、そうです。', 'Да.', 'B', '- é\n- ü', 'No, no.']) {
      expect(fluency(text), text).toBe(1);
    }
  });

  it('is near 0 for loops of words, phrases and characters, with spaces or without', () => {
    const loops = [
      'the '.repeat(60),
      'I am a model and I like it. '.repeat(40),
      'haha'.repeat(50),
      '我喜歡茶'.repeat(40),
    ];
    for (const text of loops) expect(fluency(text), text).toBeLessThan(0.2);
  });

  it('falls as more of a text loops', () => {
    const sense = 'The ferry left at four with eleven passengers and a crate of hens on board.';
    const scores = [0, 5, 20, 80].map((times) => fluency(sense + ' so it goes'.repeat(times)));
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(scores[0]).toBe(1);
    expect(scores[3]).toBeLessThan(0.2);
  });

  it('is lower for a text with broken characters', () => {
    expect(fluency('abc\uFFFD\uFFFD\uFFFDdef')).toBeCloseTo(2 / 3);
    expect(fluency('\u0000\u0001\u0002')).toBe(0);
    expect(fluency('one\ttwo\r\nthree')).toBe(1);
  });

  it('is 0 for an empty text', () => {
    expect(fluency('')).toBe(0);
    expect(fluency(' \n ')).toBe(0);
  });

  it('stays between 0 and 1', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const score = fluency(text);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
      }),
    );
  });
});
