import fc from 'fast-check';
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
import { pairedPermutation } from './permutation.js';
import { clusterDeviation, clustersFor, fewestClusters, minimalDetectableEffect, powerOf } from './power.js';
import type { Score } from './statistic.js';

describe('power', () => {
  it("is statsmodels'", () => {
    for (const { effect, clusters, alpha, power, minimal } of figures.power) {
      expect(powerOf({ effect, clusters, standardDeviation: 1, alpha })).toBeCloseTo(power, 8);
      expect(minimalDetectableEffect({ clusters, standardDeviation: 1, alpha })).toBeCloseTo(minimal, 8);
    }
    for (const { clusters, ...wanted } of figures.clustersFor) {
      expect(clustersFor({ ...wanted, standardDeviation: 1 })).toBe(Math.ceil(clusters));
    }
  });

  it('depends only on the effect in standard deviations, whatever its sign', () => {
    const standard = powerOf({ effect: 0.3, clusters: 50, standardDeviation: 1 });
    expect(powerOf({ effect: -0.06, clusters: 50, standardDeviation: 0.2 })).toBeCloseTo(standard, 12);
    expect(powerOf({ effect: 0, clusters: 50, standardDeviation: 1 })).toBeCloseTo(0.05, 10);
  });

  it('is consistent between planning and detection', () => {
    const designs = fc.record({
      clusters: fc.integer({ min: 6, max: 400 }),
      standardDeviation: fc.double({ noNaN: true, min: 0.01, max: 10 }),
      power: fc.double({ noNaN: true, min: 0.3, max: 0.99 }),
    });
    fc.assert(
      fc.property(designs, (design) => {
        const effect = minimalDetectableEffect(design);
        expect(powerOf({ ...design, effect })).toBeCloseTo(design.power, 9);
        expect(clustersFor({ ...design, effect: effect * (1 + 1e-9) })).toBe(design.clusters);
        expect(clustersFor({ ...design, effect: effect * (1 - 1e-9) })).toBe(design.clusters + 1);
      }),
      { numRuns: 15 },
    );
  });

  it('has an answer in degenerate cases', () => {
    expect(clustersFor({ effect: 0, standardDeviation: 1 })).toBe(Number.POSITIVE_INFINITY);
    expect(clustersFor({ effect: 1e-9, standardDeviation: 1 })).toBe(Number.POSITIVE_INFINITY);
    expect(clustersFor({ effect: 1, standardDeviation: Number.NaN })).toBeNaN();
  });

  it('promises nothing that the permutation test cannot find', () => {
    for (const alpha of [0.05, 0.01, 0.05 / 24]) {
      const fewest = fewestClusters(alpha);
      expect(pairedPermutation(scoresOf(Array<number>(fewest).fill(1)))).toBeLessThanOrEqual(alpha);
      expect(pairedPermutation(scoresOf(Array<number>(fewest - 1).fill(1)))).toBeGreaterThan(alpha);
      expect(clustersFor({ effect: 100, standardDeviation: 1, alpha })).toBe(fewest);
      expect(powerOf({ effect: 100, clusters: fewest - 1, standardDeviation: 1, alpha })).toBe(0);
      expect(minimalDetectableEffect({ clusters: fewest - 1, standardDeviation: 1, alpha })).toBe(
        Number.POSITIVE_INFINITY,
      );
    }
  });

  it('needs the fewest clusters if all show the same effect', () => {
    expect(clustersFor({ effect: 0.1, standardDeviation: 0 })).toBe(6);
    expect(powerOf({ effect: 0.1, clusters: 6, standardDeviation: 0 })).toBe(1);
    expect(minimalDetectableEffect({ clusters: 6, standardDeviation: 0 })).toBe(0);
    expect(clustersFor({ effect: 0, standardDeviation: 0 })).toBeNaN();
  });
});

describe('the deviation of clusters', () => {
  it('is the usual one for equal counts, whatever they are', () => {
    expect(clusterDeviation(scoresOf([1, 2, 3, 4]))).toBeCloseTo(Math.sqrt(5 / 3), 14);
    const fourfold = [1, 2, 3, 4].map((mean) => ({ sum: 4 * mean, count: 4 }));
    expect(clusterDeviation([...fourfold, { sum: 0, count: 0 }])).toBeCloseTo(Math.sqrt(5 / 3), 14);
    expect(clusterDeviation(scoresOf([1]))).toBeNaN();
    for (const value of [0.1, 1 / 3, 0.7, -0.2])
      expect(clusterDeviation(scoresOf(Array(10).fill(value)))).toBe(0);
  });

  it('gives the standard error of a mean of unequal counts', () => {
    const random = createRandom(31);
    const samples = drawEach(2000, () =>
      drawEach(60, () => drawScore(random, 1 + Math.floor(9 * random()), random() ** 2)),
    );
    const means = samples.map(
      (sample) =>
        sample.reduce((total, { sum }) => total + sum, 0) /
        sample.reduce((total, { count }) => total + count, 0),
    );
    const errors = samples.map((sample) => clusterDeviation(sample) / Math.sqrt(60));
    const typical = errors.reduce((total, error) => total + error, 0) / errors.length;
    // The deviation of 2,000 means has an error of 1.6 %; with 60 clusters it is about 1 % too small.
    expect(typical / clusterDeviation(scoresOf(means))).toBeCloseTo(1, 1);
  });
});

describe('a study planned from a pilot', () => {
  /** Differences of clusters with a mean of 0.1. */
  const designs: Readonly<Record<string, (random: () => number) => Score>> = {
    'normal differences': (random) => ({ sum: 0.1 + 0.25 * drawNormal(random), count: 1 }),
    'right answers of four': (random) => {
      const p = 0.9 * random() ** 2;
      return { sum: drawScore(random, 4, p + 0.1).sum - drawScore(random, 4, p).sum, count: 4 };
    },
  };

  it.each(Object.keys(designs))('finds the effect as often as planned: %s', (name) => {
    const draw = designs[name]!;
    const [pilots, studies] = [40, 40];
    let found = 0;
    for (let pilot = 0; pilot < pilots; pilot++) {
      const random = createRandom(600 + pilot);
      const standardDeviation = clusterDeviation(drawEach(100, () => draw(random)));
      const clusters = clustersFor({ effect: 0.1, standardDeviation });
      for (let study = 0; study < studies; study++) {
        const differences = drawEach(clusters, () => draw(random));
        if (pairedPermutation(differences, { permutations: 499, seed: study }) <= 0.05) found++;
      }
    }
    // A pilot of 100 has an error of 7 % in its deviation, which changes the power by about 5 %; the mean of 40 by 1 %.
    const margin = binomialMargin(0.8, pilots * studies) + 0.02;
    expect(Math.abs(found / (pilots * studies) - 0.8)).toBeLessThan(margin);
  });
});
