import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomialMargin, drawEach } from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { holm } from './holm.js';
import { pairedPermutation } from './permutation.js';

const pValues = fc.array(fc.double({ noNaN: true, min: 0, max: 1 }), { maxLength: 30 });

describe("Holm's adjustment", () => {
  it('leaves a test that is undefined as it is, and counts it', () => {
    expect(holm([0.01, Number.NaN, 0.02])).toEqual([0.03, Number.NaN, 0.04]);
  });

  it("is statsmodels'", () => {
    for (const { p, adjusted } of figures.holm) {
      for (const [index, value] of holm(p).entries()) expect(value).toBeCloseTo(adjusted[index]!, 14);
    }
    expect(holm([])).toEqual([]);
  });

  it('keeps the order, lowers nothing, and stays between plain p and Bonferroni', () => {
    fc.assert(
      fc.property(pValues, (plain) => {
        const adjusted = holm(plain);
        for (const [index, p] of plain.entries()) {
          expect(adjusted[index]).toBeGreaterThanOrEqual(p);
          expect(adjusted[index]).toBeLessThanOrEqual(Math.min(1, plain.length * p));
          for (const [other, q] of plain.entries()) {
            if (q <= p) expect(adjusted[other]).toBeLessThanOrEqual(adjusted[index]!);
          }
        }
      }),
    );
  });

  // Arms compared with the same arm are correlated: their differences share its noise.
  it.each([
    { real: 0, told: 'where no arm has an effect' },
    { real: 3, told: 'where half of the arms have one' },
  ])('finds a false effect anywhere in a grid of six arms in at most 5 of 100 studies, $told', ({ real }) => {
    const [arms, clusters, simulations] = [6, 30, 1200];
    let erring = 0;
    for (let simulation = 0; simulation < simulations; simulation++) {
      const random = createRandom(4000 + simulation);
      const off = drawEach(clusters, () => random() ** 2);
      const p = drawEach(arms, (arm) => {
        const effect = arm < real ? 1 : 0;
        const differences = off.map((score) => ({ sum: random() ** 2 + effect - score, count: 1 }));
        return pairedPermutation(differences, { permutations: 599, seed: simulation });
      });
      const found = holm(p).map((adjusted) => adjusted <= 0.05);
      expect(found.slice(0, real)).toEqual(Array(real).fill(true));
      if (found.slice(real).includes(true)) erring++;
    }
    expect(binomialMargin(0.05, simulations)).toBeLessThan(0.02);
    expect(erring / simulations).toBeLessThan(0.06);
    expect(erring / simulations).toBeGreaterThan(0.01);
  });
});
