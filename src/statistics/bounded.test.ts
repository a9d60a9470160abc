import { describe, expect, it } from 'vitest';
import { drawEach } from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { boundedInterval, NO_INTERVAL } from './bounded.js';

describe('the interval of a bounded mean', () => {
  it("is Clopper and Pearson's for values that are 0 or 1, as scipy has it", () => {
    for (const { clusters, hits, low, high } of figures.exact) {
      const values = drawEach(clusters, (index) => (index < hits ? 1 : 0));
      const found = boundedInterval(values, [0, 1]);
      expect(found.low, `${hits} of ${clusters}`).toBeCloseTo(low, 9);
      expect(found.high, `${hits} of ${clusters}`).toBeCloseTo(high, 9);
    }
  });

  it('is the rule of three for equal values', () => {
    expect(boundedInterval(Array<number>(100).fill(0), [0, 1]).high).toBeCloseTo(1 - 0.025 ** 0.01, 9);
    expect(boundedInterval([0.5, 0.5, 0.5], [0, 1]).high).toBeCloseTo(0.5 + 0.5 * (1 - 0.025 ** (1 / 3)), 9);
  });

  it('is none if a value is not a number', () => {
    expect(boundedInterval([0, 0, 0, 0, Number.NaN], [0, 1])).toEqual(NO_INTERVAL);
  });

  it('follows values, range and level', () => {
    const values = [0, 0, 0, 0.25, 0.5, 1];
    const { low, high } = boundedInterval(values, [0, 1]);
    const moved = boundedInterval(
      values.map((value) => 1 - 4 * value),
      [-3, 1],
    );
    expect(moved.low).toBeCloseTo(1 - 4 * high, 8);
    expect(moved.high).toBeCloseTo(1 - 4 * low, 8);
    const wider = boundedInterval(values, [-1, 2]);
    expect(wider.low).toBeLessThan(low);
    expect(wider.high).toBeGreaterThan(high);
    const surer = boundedInterval(values, [0, 1], 0.01);
    expect(surer.low).toBeLessThan(low);
    expect(surer.high).toBeGreaterThan(high);
  });

  it('has the quantiles of random weights', () => {
    const values = [0, 0, 0.2, 0.7, 0.7, 1];
    const random = createRandom(3);
    const means = Float64Array.from({ length: 40_000 }, () => {
      const weights = drawEach(values.length + 1, () => -Math.log(1 - random()));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return weights.reduce((sum, weight, index) => sum + (weight * (values[index] ?? 1)) / total, 0);
    }).sort();
    expect(boundedInterval(values, [0, 1]).high).toBeCloseTo(means[39_000]!, 2);
  });
});
