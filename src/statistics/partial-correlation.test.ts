import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparisons } from '../../test/support/comparison-figures.js';
import { drawEach, drawNormal, everyOf } from '../../test/support/simulated-clusters.js';
import { createRandom } from '../random.js';
import { correlationOf, spearman } from './correlation.js';
import { partialCorrelation, partialRankCorrelationOf, rankCorrelationOf } from './partial-correlation.js';

const ranked = (x: readonly number[], y: readonly number[], given: readonly number[]): number =>
  partialRankCorrelationOf(x, y, given)(everyOf(x.length));

describe('a partial correlation', () => {
  it('is the correlation of what lines leave, of values and of ranks', () => {
    for (const { x, y, given, ...expected } of comparisons.partial) {
      expect(partialCorrelation(x, y, given)).toBeCloseTo(expected.pearson, 12);
      expect(ranked(x, y, given)).toBeCloseTo(expected.spearman, 12);
    }
  });

  it('sees through a common cause, and keeps a connection that is there', () => {
    const random = createRandom(3);
    const normal = (size: number): number[] => drawEach(size, () => drawNormal(random));
    const [cause, one, other] = [normal(2000), normal(2000), normal(2000)];
    const x = cause.map((value, at) => 3 * value + one[at]!);
    const y = cause.map((value, at) => 2 * value + other[at]!);
    expect(spearman(x, y)).toBeGreaterThan(0.8);
    expect(Math.abs(ranked(x, y, cause))).toBeLessThan(0.1);
    const also = y.map((value, at) => value + 2 * one[at]!);
    expect(ranked(x, also, cause)).toBeGreaterThan(0.7);
  });

  it('is NaN if a variable is constant, determined by what is given, or NaN', () => {
    const [x, y] = [
      [1, 2, 3, 5],
      [2, 1, 4, 3],
    ];
    expect(ranked(x, y, [7, 7, 7, 7])).toBeNaN();
    expect(ranked([1, 1, 1, 1], y, x)).toBeNaN();
    expect(ranked(x, y, [10, 20, 30, 40])).toBeNaN();
    expect(partialCorrelation(x, y, x)).toBeNaN();
    expect(ranked(x, y, [1, Number.NaN, 3, 2])).toBeNaN();
  });
});

describe('rank correlations of drawn items', () => {
  const values = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: -3, max: 3 })), {
    minLength: 2,
    maxLength: 20,
  });

  it("are Spearman's of the items, each as often as it was drawn", () => {
    fc.assert(
      fc.property(values, fc.infiniteStream(fc.nat()), (points, stream) => {
        const [x, y] = [points.map(([first]) => first), points.map(([, second]) => second / 3)];
        const drawn = Int32Array.from(points, () => stream.next().value! % points.length);
        const expected = correlationOf(x, y, spearman)(drawn);
        const found = rankCorrelationOf(x, y)(drawn);
        expect(Number.isNaN(found)).toBe(Number.isNaN(expected));
        if (!Number.isNaN(found)) expect(found).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('given a third are partial in the drawn items', () => {
    const [x, y, given] = [
      [1, 4, 2, 3, 9],
      [2, 3, 3, 1, 8],
      [5, 1, 4, 4, 6],
    ];
    expect(partialRankCorrelationOf(x, y, given)(Int32Array.of(0, 0, 1, 2, 4))).toBeCloseTo(
      ranked([1, 1, 4, 2, 9], [2, 2, 3, 3, 8], [5, 5, 1, 4, 6]),
      14,
    );
  });
});
