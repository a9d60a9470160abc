import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.js';

describe('the edit distance', () => {
  it.each([
    ['strength', 'strength', 0],
    ['stregth', 'strength', 1],
    ['strenght', 'strength', 1],
    ['haeds', 'heads', 1],
    ['', 'arms', 4],
    ['kitten', 'sitting', 3],
  ])('from %s to %s is %i', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
  });

  it('is symmetric, zero only between equal words, and at most the longer length', () => {
    const word = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});

describe('the nearest name', () => {
  it('is the intended one', () => {
    expect(nearest('tempreature', ['top-p', 'temperature'])).toBe('temperature');
    expect(nearest('top_p', ['top-k', 'top-p', 'min-p'])).toBe('top-p');
  });

  it('is not looked for among names of other lengths, which would take long', () => {
    expect(nearest('a'.repeat(2 ** 20), ['a'.repeat(2 ** 10)])).toBeNull();
  });

  it('is null if none is near', () => {
    expect(nearest('colour', ['name', 'arms', 'seeds'])).toBeNull();
    expect(nearest('x', ['kl', 'name'])).toBeNull();
  });
});
