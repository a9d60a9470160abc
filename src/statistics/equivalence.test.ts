import { describe, expect, it } from 'vitest';
import {
  binomialMargin,
  drawEach,
  drawNormal,
  drawScore,
  scoresOf,
} from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { equivalenceOf } from './equivalence.js';
import type { Score } from './statistic.js';

describe('equivalence', () => {
  it("is statsmodels' TOST and 90 % interval", () => {
    for (const { differences, margin, p, mean, interval } of figures.equivalence) {
      const found = equivalenceOf(scoresOf(differences), margin);
      expect(found.p).toBeCloseTo(p, 9);
      expect(found.interval.value).toBeCloseTo(mean, 12);
      expect(found.interval.low).toBeCloseTo(interval[0], 9);
      expect(found.interval.high).toBeCloseTo(interval[1], 9);
    }
  });

  it('has an interval within the margin exactly if p is at most 0.05', () => {
    const random = createRandom(5);
    for (let at = 0; at < 300; at++) {
      const kept = random();
      const differences = drawEach(12 + Math.floor(60 * random()), () =>
        random() < kept
          ? { sum: 0, count: 3 }
          : { sum: drawNormal(random), count: 1 + Math.floor(4 * random()) },
      );
      const { p, interval, margin } = equivalenceOf(differences, 0.02 + 0.2 * random());
      expect(p <= 0.05).toBe(interval.low >= -margin && interval.high <= margin);
    }
  });

  it('is not shown by few clusters that do not differ', () => {
    const equal = (clusters: number) => equivalenceOf(scoresOf(Array(clusters).fill(0)), 0.05);
    expect(equal(20).p).toBeGreaterThan(0.05);
    expect(equal(40).p).toBeGreaterThan(0.05);
    expect(equal(100).p).toBeLessThan(0.05);
    const { interval } = equal(100);
    expect(interval.value).toBe(0);
    expect(interval.high).toBeCloseTo(2.66 / 100, 3);
    expect(interval.low).toBe(-interval.high);
  });

  it('leaves out clusters without scores, and cannot be told from fewer than two', () => {
    const empty = { sum: 0, count: 0 };
    const some = scoresOf([0.1, -0.1, 0.05, 0.02]);
    expect(equivalenceOf([...some, empty, empty, empty, empty, empty], 0.2)).toEqual(
      equivalenceOf(some, 0.2),
    );
    expect(equivalenceOf(scoresOf([0.1]), 0.2).p).toBeNaN();
    expect(equivalenceOf([], 0.2).p).toBeNaN();
  });
});

describe('the error rate of equivalence', () => {
  const rarely = (chance: number, difference: number, random: () => number): Score => ({
    sum: random() < chance ? difference : 0,
    count: 1,
  });
  /** Differences whose true mean is exactly the margin. */
  const designs: Readonly<Record<string, (random: () => number, margin: number) => Score>> = {
    'normal differences': (random, margin) => ({ sum: margin + 0.2 * drawNormal(random), count: 1 }),
    'one of three answers': (random, margin) => ({
      sum: (drawScore(random, 3, 0.6 + margin).sum - drawScore(random, 3, 0.6).sum) / 3,
      count: 1,
    }),
    'a rare difference of 1': (random, margin) => rarely(margin, 1, random),
    'a rare difference of a half': (random, margin) => rarely(2 * margin, 0.5, random),
    'a difference of a quarter in some': (random, margin) => rarely(4 * margin, 0.25, random),
  };

  it.each(Object.keys(designs))('is at most 5 of 100, or a little more: %s', (name) => {
    const simulations = 800;
    for (const [clusters, margin] of [
      [20, 0.1],
      [40, 0.05],
      [100, 0.05],
      [200, 0.05],
    ] as const) {
      let found = 0;
      for (let simulation = 0; simulation < simulations; simulation++) {
        const random = createRandom(90_000 + simulation);
        const differences = drawEach(clusters, () => designs[name]!(random, margin));
        if (equivalenceOf(differences, margin).p <= 0.05) found++;
      }
      expect(found / simulations, `${clusters} clusters`).toBeLessThan(
        0.07 + binomialMargin(0.05, simulations),
      );
    }
  });
});
