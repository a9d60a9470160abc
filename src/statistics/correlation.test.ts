import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawEach, everyOf } from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { bootstrap } from './bootstrap.js';
import { correlationAlong, correlationOf, pearson, spearman } from './correlation.js';
import { meanOf } from './statistic.js';

describe('correlation', () => {
  it("is scipy's, with ties", () => {
    for (const { x, y, ...expected } of figures.correlation) {
      expect(pearson(x, y)).toBeCloseTo(expected.pearson, 13);
      expect(spearman(x, y)).toBeCloseTo(expected.spearman, 13);
    }
  });

  it('by ranks depends only on the order', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })));
    fc.assert(
      fc.property(pairs, (points) => {
        const [x, y] = [points.map(([first]) => first), points.map(([, second]) => second)];
        const rho = spearman(x, y);
        fc.pre(!Number.isNaN(rho));
        expect(spearman(x, y.map(Math.exp))).toBeCloseTo(rho, 12);
        expect(
          spearman(
            x,
            y.map((value) => -value),
          ),
        ).toBeCloseTo(-rho, 12);
        expect(spearman(y, x)).toBeCloseTo(rho, 12);
      }),
    );
  });

  it('is NaN if a variable is constant or contains NaN', () => {
    for (const correlation of [pearson, spearman]) {
      expect(correlation([0.1, 0.1, 0.1], [1, 2, 3])).toBeNaN();
      expect(correlation([1, Number.NaN, 2], [1, 2, 3])).toBeNaN();
      expect(correlation([], [])).toBeNaN();
    }
  });

  it('over clusters counts each cluster as often as it was drawn', () => {
    const statistic = correlationOf([1, 2, 3, 9], [5, 6, 9, 0], spearman);
    expect(statistic(Int32Array.of(0, 1, 2))).toBe(1);
    expect(statistic(Int32Array.of(0, 0, 1, 3))).toBeCloseTo(spearman([1, 1, 2, 9], [5, 5, 6, 0]), 14);
  });

  it('over clusters has an interval that contains the true correlation', () => {
    const random = createRandom(12);
    const x = drawEach(200, () => random());
    const y = x.map((value) => value + random()); // r = 1/√2
    const { low, high } = bootstrap(200, correlationOf(x, y, pearson), { resamples: 999 });
    expect(low).toBeLessThan(Math.SQRT1_2);
    expect(high).toBeGreaterThan(Math.SQRT1_2);
    expect(high - low).toBeLessThan(0.25);
  });

  it('along turns correlates the means over the drawn clusters', () => {
    const share = [0.5, 0.4, 0.3, 0.1];
    const stability = [0.9, 0.9, 0.7, 0.2];
    const mean = (value: number) => meanOf([{ sum: value, count: 1 }]);
    const points = share.map((value, turn) => ({ x: mean(value), y: mean(stability[turn]!) }));
    expect(correlationAlong(points, pearson)(everyOf(1))).toBeCloseTo(pearson(share, stability), 14);
  });
});
