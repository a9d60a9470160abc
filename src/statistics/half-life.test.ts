import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawEach, everyOf } from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { bootstrap } from './bootstrap.js';
import { halfLifeOf } from './half-life.js';
import { meanOf, type Point } from './statistic.js';

const one = everyOf(1);
const pointsOf = (xs: readonly number[], shareAt: (x: number) => number): Point[] =>
  xs.map((x) => ({ x, y: () => shareAt(x) }));

describe('the half-life of a share', () => {
  it("comes from scipy's line through the logarithm of the share", () => {
    for (const { x, y, halfLife } of figures.line) {
      expect(halfLifeOf(pointsOf(x, (at) => y[x.indexOf(at)]!))(one)).toBeCloseTo(halfLife, 10);
    }
  });

  it('is exact for an exponential with any start, at any places, in their unit', () => {
    const halfLives = fc.double({ noNaN: true, min: 0.5, max: 500 });
    const starts = fc.double({ noNaN: true, min: 1e-6, max: 1 });
    fc.assert(
      fc.property(halfLives, starts, (halfLife, start) => {
        const shareAt = (x: number): number => start * 2 ** (-x / halfLife);
        const turns = halfLifeOf(pointsOf([1, 2, 5, 9], shareAt))(one);
        const tokens = halfLifeOf(pointsOf([60, 120, 300, 540], (x) => shareAt(x / 60)))(one);
        expect(turns / halfLife).toBeCloseTo(1, 6);
        expect(tokens / (60 * turns)).toBeCloseTo(1, 6);
      }),
    );
  });

  it('is infinite if the share does not fall, and NaN if there is none', () => {
    expect(halfLifeOf(pointsOf([1, 2, 3], () => 0.4))(one)).toBe(Number.POSITIVE_INFINITY);
    expect(halfLifeOf(pointsOf([1, 2, 3], (x) => 0.1 * x))(one)).toBe(Number.POSITIVE_INFINITY);
    for (const place of [1, 2, 3]) {
      expect(halfLifeOf(pointsOf([1, 2, 3], (x) => (x === place ? 0 : 0.5)))(one)).toBeNaN();
    }
    expect(halfLifeOf(pointsOf([1, 2, 3], () => 0))(one)).toBeNaN();
  });

  it('has an interval over dialogues, open-ended if the share may not fall at all', () => {
    const intervalAt = (halfLife: number) => {
      const random = createRandom(6);
      const points = [1, 2, 3, 4].map((x) => ({
        x,
        y: meanOf(drawEach(40, () => ({ sum: 2 ** (-x / halfLife) * (0.5 + random()), count: 1 }))),
      }));
      return bootstrap(40, halfLifeOf(points), { resamples: 999 });
    };
    const falling = intervalAt(3);
    expect(falling.low).toBeLessThan(3);
    expect(falling.high).toBeGreaterThan(3);
    expect(falling.high).toBeLessThan(6);
    const flat = intervalAt(1000);
    expect(flat.low).toBeLessThan(1000);
    expect(flat.high).toBe(Number.POSITIVE_INFINITY);
  });
});
