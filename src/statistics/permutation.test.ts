import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  binomialMargin,
  drawEach,
  drawNormal,
  drawScore,
  everyOf,
  scoresOf,
} from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { holm } from './holm.js';
import { pairedDifferences, pairedPermutation, permutationsFor } from './permutation.js';
import { differenceOf, meanOf, type Score } from './statistic.js';

const fixtures = figures.permutation.map(({ sums, counts, ...rest }) => ({
  ...rest,
  differences: sums.map((sum, index) => ({ sum, count: counts[index]! })),
}));

describe('the paired permutation test', () => {
  it("has scipy's exact p-values, with scores weighted by their counts and with ties", () => {
    for (const { differences, statistic, p } of fixtures) {
      expect(meanOf(differences)(everyOf(differences.length))).toBeCloseTo(statistic, 12);
      expect(pairedPermutation(differences)).toBe(p);
    }
  });

  it('counts all exchanges of twenty clusters, and approximates the same by random ones for more', () => {
    const random = createRandom(12);
    for (const mean of [0.1, 0.3, 0.5]) {
      const twenty = scoresOf(drawEach(20, () => drawNormal(random) + mean));
      const p = pairedPermutation(twenty);
      expect(p * 2 ** 20).toBe(Math.round(p * 2 ** 20));
      expect(pairedPermutation(twenty, { seed: 2, permutations: 9 })).toBe(p);
      // A cluster that hardly differs leaves p as it is, and is the 21st.
      const more = [...twenty, { sum: 1e-9, count: 1 }];
      const tossed = pairedPermutation(more, { permutations: 4000, seed: 3 });
      expect(Math.abs(tossed - p)).toBeLessThan(1.3 * binomialMargin(p, 4000) + 1 / 4001);
    }
  });

  it('counts them in the time of half as many clusters', () => {
    const random = createRandom(2);
    const started = performance.now();
    for (let test = 0; test < 100; test++)
      pairedPermutation(scoresOf(drawEach(20, () => drawNormal(random))));
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('draws as many exchanges as the correction for a family needs', () => {
    expect(permutationsFor(3)).toBe(10_000);
    expect(permutationsFor(501)).toBe(200_400);
    // All of 40 clusters differ alike, so p is the smallest that it can be.
    const clear = scoresOf(Array<number>(40).fill(1));
    const p = pairedPermutation(clear, { permutations: permutationsFor(501) });
    expect(holm([p, ...Array<number>(500).fill(1)])[0]).toBeLessThan(0.05);
    expect(holm([pairedPermutation(clear), ...Array<number>(500).fill(1)])[0]).toBeGreaterThan(0.05);
  });

  it('is undefined if a difference is', () => {
    expect(pairedPermutation(scoresOf([1, Number.NaN, 1]))).toBeNaN();
    expect(pairedPermutation(scoresOf([1, Number.POSITIVE_INFINITY, 1]))).toBeNaN();
  });

  it('is 1 if no cluster differs', () => {
    expect(pairedPermutation([])).toBe(1);
    expect(pairedPermutation(scoresOf(Array<number>(40).fill(0)))).toBe(1);
  });

  it('is never below what its number of permutations allows', () => {
    expect(pairedPermutation(scoresOf(Array<number>(40).fill(1)), { permutations: 99 })).toBe(0.01);
    expect(pairedPermutation(scoresOf([1, 1, 1, 1, 1]))).toBe(2 / 32);
  });

  it('does not depend on the order of the arms or on clusters that do not differ', () => {
    const sums = fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 20 });
    fc.assert(
      fc.property(sums, (values) => {
        const p = pairedPermutation(scoresOf(values), { permutations: 255 });
        expect(p).toBeGreaterThan(0);
        expect(p).toBeLessThanOrEqual(1);
        expect(pairedPermutation(scoresOf(values.map((value) => -value)), { permutations: 255 })).toBe(p);
        expect(pairedPermutation(scoresOf([0, ...values, 0]), { permutations: 255 })).toBe(p);
      }),
    );
  });

  it('is the same for the same seed, and differs for another seed', () => {
    const random = createRandom(5);
    const differences = scoresOf(drawEach(60, () => random() - 0.4));
    expect(pairedPermutation(differences)).toBe(pairedPermutation(differences));
    expect(pairedPermutation(differences, { seed: 2 })).not.toBe(pairedPermutation(differences));
  });
});

describe('the differences of two arms', () => {
  it('have the mean difference that the bootstrap estimates if both arms have equal counts', () => {
    const random = createRandom(8);
    const counts = drawEach(30, () => Math.floor(5 * random()));
    const [left, right] = [0.3, 0.6].map((p) => counts.map((count) => drawScore(random, count, p)));
    const every = everyOf(30);
    const expected = differenceOf(meanOf(left!), meanOf(right!))(every);
    expect(meanOf(pairedDifferences(left!, right!))(every)).toBeCloseTo(expected, 12);
  });

  it('weight unequal counts by their mean, and leave out a cluster that lacks an arm', () => {
    const left = [
      { sum: 2, count: 4 },
      { sum: 1, count: 1 },
    ];
    const right = [
      { sum: 2, count: 2 },
      { sum: 0, count: 0 },
    ];
    expect(pairedDifferences(left, right)).toEqual([
      { sum: -1.5, count: 3 },
      { sum: 0, count: 0 },
    ]);
  });
});

describe('the rate of false positives', () => {
  /** Differences of two arms that do not differ. */
  const designs: Readonly<Record<string, (random: () => number) => Score>> = {
    'right answers of four, from clusters that are easy or hard': (random) => {
      const p = random() ** 2;
      return { sum: drawScore(random, 4, p).sum - drawScore(random, 4, p).sum, count: 4 };
    },
    'one question each, most of them answered alike': (random) => {
      const p = random() ** 4;
      return { sum: drawScore(random, 1, p).sum - drawScore(random, 1, p).sum, count: 1 };
    },
    'clusters of one to nine scores with heavy tails': (random) => {
      const count = 1 + Math.floor(9 * random());
      return { sum: count * (1 / (0.1 + random()) - 1 / (0.1 + random())), count };
    },
    // These arms differ in shape but not in their mean: exchanging them is valid only with many clusters.
    'skewed to one side, with mean zero': (random) => ({ sum: random() ** 2 - 1 / 3, count: 1 }),
  };

  it.each(Object.keys(designs))('is at most 5 ± 1 of 100: %s', (name) => {
    const simulations = 4000;
    let found = 0;
    for (let simulation = 0; simulation < simulations; simulation++) {
      const random = createRandom(20_000 + simulation);
      const differences = drawEach(60, () => designs[name]!(random));
      if (pairedPermutation(differences, { permutations: 199, seed: simulation }) <= 0.05) found++;
    }
    expect(binomialMargin(0.05, simulations)).toBeLessThan(0.01);
    expect(found / simulations).toBeLessThan(0.06);
    expect(found / simulations).toBeGreaterThan(0.02);
  });
});
