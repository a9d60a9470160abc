import { describe, expect, it } from 'vitest';
import { createRandom } from '../engine/index.js';
import { bootstrap, differenceOf, meanOf, quantile, type Score, slopeOf } from './statistics.js';

const scoresOf = (values: readonly number[]): Score[] => values.map((sum) => ({ sum, count: 1 }));

/** Numbers with a mean of `mean` and a variance of 1 (a sum of twelve uniform ones less six). */
function sampleOf(size: number, mean: number, seed: number): number[] {
  const random = createRandom(seed);
  return Array.from({ length: size }, () => {
    let sum = -6;
    for (let term = 0; term < 12; term++) sum += random();
    return mean + sum;
  });
}

describe('the bootstrap', () => {
  it('gives the interval that theory gives for a mean', () => {
    const sample = sampleOf(400, 3, 1);
    const { value, low, high } = bootstrap(400, meanOf(scoresOf(sample)));
    const mean = sample.reduce((a, b) => a + b) / 400;
    const deviation = Math.sqrt(sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 400);
    expect(value).toBeCloseTo(mean, 12);
    expect(low).toBeCloseTo(mean - (1.96 * deviation) / 20, 1.5);
    expect(high).toBeCloseTo(mean + (1.96 * deviation) / 20, 1.5);
  });

  it('covers the truth about nineteen times in twenty', () => {
    let covered = 0;
    for (let seed = 0; seed < 200; seed++) {
      const sample = scoresOf(sampleOf(60, 0, 100 + seed));
      const { low, high } = bootstrap(60, meanOf(sample), { resamples: 400, seed });
      if (low <= 0 && high >= 0) covered++;
    }
    expect(covered).toBeGreaterThan(180);
    expect(covered).toBeLessThan(199);
  });

  it('keeps a dialogue together: twenty scores that are one say no more than one', () => {
    const values = sampleOf(40, 0, 5);
    const width = (scores: Score[]): number => {
      const { low, high } = bootstrap(scores.length, meanOf(scores));
      return high - low;
    };
    const clustered = values.map((value) => ({ sum: 20 * value, count: 20 }));
    const scattered = values.flatMap((value) => scoresOf(Array<number>(20).fill(value)));
    expect(width(clustered)).toBeCloseTo(width(scoresOf(values)), 1.5);
    expect(width(scattered)).toBeLessThan(width(clustered) / 3);
  });

  it('pairs: what both arms share is no noise in their difference', () => {
    const left = sampleOf(50, 0, 9);
    const right = left.map((value) => value - 0.1);
    const paired = bootstrap(50, differenceOf(meanOf(scoresOf(left)), meanOf(scoresOf(right))));
    expect(paired.low).toBeCloseTo(0.1, 9);
    expect(paired.high).toBeCloseTo(0.1, 9);
  });

  it('is the same for the same seed, and another for another', () => {
    const statistic = meanOf(scoresOf(sampleOf(30, 0, 2)));
    expect(bootstrap(30, statistic)).toEqual(bootstrap(30, statistic));
    expect(bootstrap(30, statistic, { seed: 2 })).not.toEqual(bootstrap(30, statistic));
  });

  it('leaves out resamples of clusters that have no score', () => {
    const scores = [
      { sum: 1, count: 1 },
      { sum: 0, count: 0 },
    ];
    expect(bootstrap(2, meanOf(scores))).toEqual({ value: 1, low: 1, high: 1 });
  });
});

describe('statistics', () => {
  it('weigh a mean by the number of scores', () => {
    const scores = [
      { sum: 3, count: 3 },
      { sum: 0, count: 1 },
    ];
    expect(meanOf(scores)(Int32Array.of(0, 1))).toBe(0.75);
    expect(meanOf(scores)(Int32Array.of(1, 1))).toBe(0);
  });

  it('find the slope of a line', () => {
    const points = [1, 2, 4, 8].map((x) => ({ x, y: () => 0.9 - 0.03 * x }));
    expect(slopeOf(points)(Int32Array.of(0))).toBeCloseTo(-0.03, 12);
  });

  it('read quantiles between neighbours', () => {
    expect(quantile([0, 1, 2, 3], 0.5)).toBe(1.5);
    expect(quantile([5], 0.9)).toBe(5);
    expect(quantile([], 0.5)).toBeNaN();
  });
});
