import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { everyOf } from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import {
  differenceOf,
  eachOf,
  meanOf,
  ofMembers,
  type Point,
  quotientOf,
  type Score,
  slopeOf,
  slopeRange,
} from './statistic.js';

const number = fc.double({ noNaN: true, min: -100, max: 100 });
/** Distinct places with a value at each. */
const places = fc
  .uniqueArray(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 12 })
  .chain((xs) => fc.tuple(fc.constant(xs), fc.array(number, { minLength: xs.length, maxLength: xs.length })));
const one = everyOf(1);

const pointsOf = (xs: readonly number[], ys: readonly number[]): Point[] =>
  xs.map((x, index) => ({ x, y: () => ys[index]! }));

it('a statistic of many samples at once is, bit for bit, that of each', () => {
  const score = fc.record({ sum: number, count: fc.integer({ min: 0, max: 3 }) });
  const sized = fc.integer({ min: 1, max: 9 }).chain((size) => {
    const scores = fc.array(score, { minLength: size, maxLength: size });
    const sample = fc.array(fc.nat(size - 1), { minLength: size, maxLength: size });
    return fc.tuple(scores, scores, fc.array(sample, { maxLength: 11 }));
  });
  fc.assert(
    fc.property(sized, ([left, right, drawn]) => {
      const samples = drawn.map((own) => Int32Array.from(own));
      const [one, other] = [left, right].map((scores: readonly Score[]) => meanOf(scores)) as [
        ReturnType<typeof meanOf>,
        ReturnType<typeof meanOf>,
      ];
      const line = slopeOf([one, other].map((y, x) => ({ x, y })));
      for (const statistic of [one, differenceOf(one, other), quotientOf(one, other), line]) {
        expect(eachOf(statistic, samples)).toEqual(Float64Array.from(samples, (sample) => statistic(sample)));
      }
    }),
  );
});

describe('the mean of clusters', () => {
  it('weights clusters by their number of scores', () => {
    const scores = [
      { sum: 3, count: 3 },
      { sum: 0, count: 1 },
    ];
    expect(meanOf(scores)(Int32Array.of(0, 1))).toBe(0.75);
    expect(meanOf(scores)(Int32Array.of(1, 1))).toBe(0);
    expect(meanOf([{ sum: 0, count: 0 }])(one)).toBeNaN();
  });

  it('is not infinite if the scores have no weight', () => {
    const scores = [
      { sum: -0.2, count: 0 },
      { sum: 0.5, count: 1 },
    ];
    expect(meanOf(scores)(Int32Array.of(0, 0))).toBeNaN();
    expect(meanOf(scores)(Int32Array.of(0, 1))).toBeCloseTo(0.3, 12);
  });
});

describe('the difference of statistics', () => {
  it('uses the same clusters on both sides', () => {
    const [left, right] = [
      [4, 8],
      [1, 2],
    ].map((values) => meanOf(values.map((sum) => ({ sum, count: 1 }))));
    expect(differenceOf(left!, right!)(Int32Array.of(1, 1))).toBe(6);
  });
});

describe('the quotient of statistics', () => {
  const mean = (sum: number) => meanOf([{ sum, count: 1 }]);

  it('is not a number if the divisor is zero', () => {
    expect(quotientOf(mean(3), mean(2))(one)).toBe(1.5);
    for (const dividend of [1, 0, -1]) expect(quotientOf(mean(dividend), mean(0))(one)).toBeNaN();
  });
});

describe('the slope over places', () => {
  it("is scipy's", () => {
    for (const { x, y, slope } of figures.line) {
      expect(slopeOf(pointsOf(x, y))(one)).toBeCloseTo(slope, 14);
    }
  });

  it('is exact for a line, wherever the places are', () => {
    fc.assert(
      fc.property(places, number, number, ([xs], level, slope) => {
        const ys = xs.map((x) => level + slope * x);
        expect(slopeOf(pointsOf(xs, ys))(one)).toBeCloseTo(slope, 8);
      }),
    );
  });

  it('is unchanged by a shift, and scales with the values', () => {
    fc.assert(
      fc.property(places, number, number, ([xs, ys], shift, scale) => {
        const slope = slopeOf(pointsOf(xs, ys))(one);
        const moved = ys.map((y) => shift + scale * y);
        const later = xs.map((x) => x + 7);
        expect(slopeOf(pointsOf(later, moved))(one)).toBeCloseTo(scale * slope, 6);
      }),
    );
  });

  it('of a difference is the difference of the slopes', () => {
    fc.assert(
      fc.property(places, fc.array(number, { minLength: 12, maxLength: 12 }), ([xs, ys], others) => {
        const [left, right] = [pointsOf(xs, ys), pointsOf(xs, others)];
        const both = left.map(({ x, y }, index) => ({ x, y: differenceOf(y, right[index]!.y) }));
        expect(slopeOf(both)(one)).toBeCloseTo(slopeOf(left)(one) - slopeOf(right)(one), 8);
      }),
    );
  });

  it('is NaN for one place', () => {
    expect(slopeOf(pointsOf([3], [1]))(one)).toBeNaN();
  });
});

describe('the range of a slope', () => {
  it('is reached by the steepest step, whatever the places', () => {
    fc.assert(
      fc.property(
        places,
        fc.array(fc.double({ noNaN: true, min: 0, max: 1 }), { minLength: 12, maxLength: 12 }),
        ([xs], ys) => {
          const [low, high] = slopeRange(xs, [0, 1]);
          const slope = slopeOf(pointsOf(xs, ys))(one);
          expect(slope).toBeGreaterThanOrEqual(low - 1e-12);
          expect(slope).toBeLessThanOrEqual(high + 1e-12);
          const middle = xs.reduce((sum, x) => sum + x, 0) / xs.length;
          expect(
            slopeOf(
              pointsOf(
                xs,
                xs.map((x) => (x > middle ? 1 : 0)),
              ),
            )(one),
          ).toBeCloseTo(high, 12);
        },
      ),
    );
  });
});

it('a mean is the sum of the drawn sums divided by that of the counts, equal or not, in the order of drawing', () => {
  const counts = fc.oneof(
    fc.constant([2, 2, 2]),
    fc.constant([0, 0, 0]),
    fc.constant([0.5, 0.5, 0.5]),
    fc.constant([1, 3, 0]),
  );
  const drawn = fc.array(fc.array(fc.nat(2), { minLength: 7, maxLength: 7 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.tuple(number, number, number), counts, drawn, (sums, counts, samples) => {
      const means = eachOf(
        meanOf(sums.map((sum, at) => ({ sum, count: counts[at]! }))),
        samples.map((sample) => Int32Array.from(sample)),
      );
      const total = (values: readonly number[], sample: readonly number[]): number =>
        sample.reduce((all, at) => all + values[at]!, 0);
      expect([...means]).toEqual(
        samples.map((sample) => {
          const count = total(counts, sample);
          return count === 0 ? Number.NaN : total(sums, sample) / count;
        }),
      );
    }),
  );
});

describe('a statistic of members', () => {
  it('is that of the members of the drawn clusters', () => {
    const mean = meanOf([1, 2, 4].map((sum) => ({ sum, count: 1 })));
    const ofClusters = ofMembers([[0, 1], [2]], mean);
    expect(ofClusters(Int32Array.of(0, 1))).toBeCloseTo(7 / 3, 12);
    expect(ofClusters(Int32Array.of(1, 1))).toBe(4);
  });
});
