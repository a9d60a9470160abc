import { describe, expect, it } from 'vitest';
import { drawEach, scoresOf } from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { skewedMeanTest } from './mean-test.js';
import { pairedPermutation } from './permutation.js';

describe('the test of a skewed mean', () => {
  it("is scipy's t test with Hall's correction", () => {
    for (const { values, p } of figures.hall) expect(skewedMeanTest(scoresOf(values))).toBeCloseTo(p, 9);
  });

  it('weights clusters by their counts, and leaves out those without scores', () => {
    const values = [0.3, -0.1, 0.2, 0.4, 0.1];
    const p = skewedMeanTest(scoresOf(values));
    const fourfold = values.map((value) => ({ sum: 4 * value, count: 4 }));
    expect(skewedMeanTest([...fourfold, { sum: 0, count: 0 }])).toBeCloseTo(p, 12);
    expect(skewedMeanTest(values.map((value) => ({ sum: -value, count: 1 })))).toBeCloseTo(p, 12);
  });

  it('is undefined without variation', () => {
    for (const values of [
      [],
      [1],
      [0, 0, 0],
      [0.5, 0.5, 0.5],
      Array(10).fill(0.1),
      Array(7).fill(1 / 3),
      [1, Number.NaN, 2],
    ]) {
      expect(skewedMeanTest(scoresOf(values))).toBeNaN();
    }
  });

  it('finds fewer effects that are none than exchanges do, where differences are skewed', () => {
    // Many small gains and a few large losses: the mean is zero, but the arms are not alike.
    const simulations = 1000;
    const rate = (test: (differences: ReturnType<typeof scoresOf>) => number): number => {
      let found = 0;
      for (let simulation = 0; simulation < simulations; simulation++) {
        const random = createRandom(40_000 + simulation);
        if (test(scoresOf(drawEach(20, () => 1 + Math.log(1 - random())))) <= 0.05) found++;
      }
      return found / simulations;
    };
    expect(rate((differences) => pairedPermutation(differences))).toBeGreaterThan(0.07);
    expect(rate(skewedMeanTest)).toBeLessThan(0.07);
  });
});
