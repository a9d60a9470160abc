import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { medianOf, quantile, quantileOf } from './quantile.js';

describe('quantile', () => {
  it('interpolates between neighbours', () => {
    expect(quantile([0, 1, 2, 3], 0.5)).toBe(1.5);
    expect(quantile([5], 0.9)).toBe(5);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('handles infinities', () => {
    const { POSITIVE_INFINITY: above, NEGATIVE_INFINITY: below } = Number;
    expect(quantile([1, above, above], 0.9)).toBe(above);
    expect(quantile([1, above, above], 0.5)).toBe(above);
    expect(quantile([1, 2, above], 0.5)).toBe(2);
    expect(quantile([1, 2, above], 0.6)).toBe(above);
    expect(quantile([below, 2], 0.5)).toBe(below);
    expect(quantile([below, below], 0.5)).toBe(below);
  });

  it('rises with the fraction, from the smallest to the largest value', () => {
    const sample = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });
    const fraction = fc.double({ noNaN: true, min: 0, max: 1 });
    fc.assert(
      fc.property(sample, fraction, fraction, (values, one, other) => {
        const sorted = Float64Array.from(values, (value) => value + 0).sort(); // no −0
        const [low, high] = [Math.min(one, other), Math.max(one, other)];
        expect(quantile(sorted, low)).toBeLessThanOrEqual(quantile(sorted, high) + 1e-9);
        expect(quantile(sorted, 0)).toBe(sorted[0]);
        expect(quantile(sorted, 1)).toBe(sorted.at(-1));
      }),
    );
  });

  it('is the same, bit for bit, of values in any order', () => {
    const ties = fc.constantFrom(-1, 0, 0.5, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    const value = fc.oneof(ties, fc.double({ noNaN: true }));
    const fraction = fc.oneof(
      fc.constantFrom(0, 0.025, 0.5, 0.975, 1),
      fc.double({ noNaN: true, min: 0, max: 1 }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), fraction, fraction, (values, one, other) => {
        const sorted = Float64Array.from(values, (value) => value + 0).sort(); // no −0
        const moved = Float64Array.from(values, (value) => value + 0);
        for (const at of [one, other]) expect(quantileOf(moved, at)).toBe(quantile(sorted, at));
        expect(moved.sort()).toEqual(sorted);
      }),
    );
    expect(quantileOf(Float64Array.of(1, 2), Number.NaN)).toBeNaN();
  });
});

it('the median of drawn values is that of the sorted ones', () => {
  const value = fc.oneof(fc.double({ noNaN: true, min: -9, max: 9 }), fc.integer({ min: 0, max: 2 }));
  const drawn = fc
    .array(value, { minLength: 1, maxLength: 12 })
    .chain((values) => fc.tuple(fc.constant(values), fc.array(fc.nat(values.length - 1), { minLength: 1 })));
  fc.assert(
    fc.property(drawn, ([values, places]) => {
      const sorted = Float64Array.from(places, (at) => values[at]! + 0).sort(); // no −0
      expect(medianOf(values)(Int32Array.from(places)) + 0).toBe(quantile(sorted, 0.5));
    }),
  );
});
