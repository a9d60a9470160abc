import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStopFilter } from './stop-strings.js';

function through(pieces: readonly string[], stops: readonly string[]): { shown: string[]; stopped: boolean } {
  const filter = createStopFilter(stops);
  const shown: string[] = [];
  for (const piece of pieces) {
    const { text, stopped } = filter.push(piece);
    shown.push(text);
    if (stopped) return { shown, stopped };
  }
  shown.push(filter.finish());
  return { shown, stopped: false };
}

describe('stop strings', () => {
  it('hold back a possible start, and release it when no stop string follows', () => {
    expect(through(['a E', 'N', 'D o'], ['END'])).toEqual({ shown: ['a ', '', ''], stopped: true });
    expect(through(['a E', 'N', 'ough'], ['END']).shown).toEqual(['a ', '', 'ENough', '']);
    expect(through(['a E', 'N'], ['END']).shown).toEqual(['a ', '', 'EN']);
  });

  it('end the text at the first of them, wherever the pieces are cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
    const stop = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 8 }),
        fc.array(stop, { minLength: 1, maxLength: 3 }),
        (pieces, stops) => {
          const whole = pieces.join('');
          const ends = stops.map((text) => whole.indexOf(text)).filter((at) => at >= 0);
          const { shown, stopped } = through(pieces, stops);
          const text = shown.join('');
          expect(stopped).toBe(ends.length > 0);
          for (const stop of stops) expect(text).not.toContain(stop);
          if (!stopped) expect(text).toBe(whole);
          // The first complete stop string ends the text, even if a longer one has begun before it.
          else expect(whole.startsWith(text)).toBe(true);
          if (stopped) expect(stops.some((stop) => whole.startsWith(stop, text.length))).toBe(true);
        },
      ),
    );
  });

  it('never appear in part, even when two overlap', () => {
    expect(through(['x<', '/', 's', '>y'], ['</s>', '<s>']).shown).toEqual(['x', '', '', '']);
    expect(through(['aab'], ['ab']).shown).toEqual(['a']);
    expect(through(['a', 'a', 'b'], ['ab']).shown).toEqual(['', 'a', '']);
  });
});
