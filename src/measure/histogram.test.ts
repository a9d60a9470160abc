import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spreadOf } from '../statistics/index.js';
import { createHistogram } from './histogram.js';

const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 300 });

describe('a histogram of shares', () => {
  it('has the mean and the fractions of the shares themselves', () => {
    fc.assert(
      fc.property(shares, (all) => {
        const histogram = createHistogram();
        for (const share of all) histogram.add(share);
        const [told, exact] = [histogram.spread(), spreadOf(all)];
        expect(told.mean).toBeCloseTo(exact.mean, 9);
        expect(told.above).toBeCloseTo(exact.above, 12);
        expect(told.below).toBeCloseTo(exact.below, 12);
      }),
    );
  });

  it('has the median and the 90th percentile, to the width of a bin', () => {
    fc.assert(
      fc.property(shares, (all) => {
        const histogram = createHistogram();
        for (const share of all) histogram.add(share);
        const { median, ninetieth } = histogram.spread();
        for (const [quantile, fraction] of [
          [median, 0.5],
          [ninetieth, 0.9],
        ] as const) {
          const bin = Math.floor(1024 * quantile ** 0.25 - 1e-9);
          const [low, high] = [(bin / 1024) ** 4, ((bin + 1) / 1024) ** 4];
          expect(all.filter((share) => share < low).length).toBeLessThanOrEqual(fraction * all.length + 1e-9);
          expect(all.filter((share) => share <= high + 1e-12).length).toBeGreaterThanOrEqual(
            fraction * all.length - 1e-9,
          );
        }
      }),
    );
  });

  it('equals one of all shares after merging', () => {
    const [one, two, both] = [createHistogram(), createHistogram(), createHistogram()];
    for (let index = 0; index < 200; index++) {
      const share = (index * 0.618) % 1;
      both.add(share);
      (index % 3 === 0 ? one : two).add(share);
    }
    one.merge(two);
    const [merged, whole] = [one.spread(), both.spread()];
    expect(merged.mean).toBeCloseTo(whole.mean, 12);
    expect({ ...merged, mean: 0 }).toEqual({ ...whole, mean: 0 });
  });
});
