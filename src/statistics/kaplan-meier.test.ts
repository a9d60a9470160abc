import { describe, expect, it } from 'vitest';
import { comparisons } from '../../test/support/comparison-figures.js';
import { drawEach, everyOf } from '../../test/support/simulated-clusters.js';
import { createRandom } from '../random.js';
import { bootstrap } from './bootstrap.js';
import {
  kaplanMeier,
  keptOf,
  type Lifetime,
  logRankScores,
  medianLifetimeOf,
  restrictedMeanOf,
} from './kaplan-meier.js';
import { pairedDifferences, pairedPermutation } from './permutation.js';

const livesOf = ({ time, lost }: { readonly time: number[]; readonly lost: boolean[] }): Lifetime[] =>
  time.map((each, at) => ({ time: each, lost: lost[at]! }));
const alone = (lifetimes: readonly Lifetime[]): Lifetime[][] => lifetimes.map((lifetime) => [lifetime]);

it('clusters that come again, in another list or after many others, have the same curve', () => {
  const random = createRandom(3);
  const sets = Array.from({ length: 20 }, () =>
    drawEach(6, () => drawEach(2, () => ({ time: 1 + Math.floor(4 * random()), lost: random() < 0.5 }))),
  );
  const drawn = Int32Array.of(0, 3, 3, 5);
  const meanOf = (clusters: Lifetime[][]): number => restrictedMeanOf(clusters, 4)(drawn);
  const first = sets.map(meanOf);
  expect(sets.map((clusters) => meanOf(structuredClone(clusters)))).toEqual(first);
  expect(new Set(first).size).toBeGreaterThan(10);
});

describe('Kaplan–Meier', () => {
  it("is lifelines', with its interval where one exists", () => {
    for (const figure of comparisons.kaplanMeier) {
      const steps = kaplanMeier(livesOf(figure));
      expect(steps.map(({ time, atRisk, lost }) => [time, atRisk, lost])).toEqual(
        figure.times.map((time, at) => [time, figure.atRisk[at], figure.losses[at]]),
      );
      for (const [at, { kept, low, high }] of steps.entries()) {
        expect(kept).toBeCloseTo(figure.kept[at]!, 12);
        if (figure.kept[at] === 0) continue; // lifelines gives no width
        expect(low).toBeCloseTo(figure.low[at]!, 12);
        expect(high).toBeCloseTo(figure.high[at]!, 12);
      }
    }
  });

  it('has an interval of some width if none or all were lost', () => {
    const of = (lost: boolean) => kaplanMeier(drawEach(20, () => ({ time: 3, lost })))[0]!;
    // Clopper and Pearson's interval of 20 in 20.
    expect(of(false)).toMatchObject({ kept: 1, low: 0.025 ** (1 / 20), high: 1 });
    expect(of(true)).toMatchObject({ kept: 0, low: 0, high: 1 - 0.025 ** (1 / 20) });
  });

  it("over all clusters is the estimate itself; median and restricted mean are lifelines'", () => {
    for (const figure of comparisons.kaplanMeier) {
      const clusters = alone(livesOf(figure));
      const all = everyOf(clusters.length);
      for (const [at, time] of figure.times.entries()) {
        expect(keptOf(clusters, time)(all)).toBeCloseTo(figure.kept[at]!, 12);
      }
      expect(keptOf(clusters, 0.5)(all)).toBe(1);
      expect(medianLifetimeOf(clusters)(all)).toBe(figure.median ?? Number.POSITIVE_INFINITY);
      expect(restrictedMeanOf(clusters, figure.until)(all)).toBeCloseTo(figure.restrictedMean, 12);
    }
  });

  it('reaches the median at exactly one half, whatever products round to', () => {
    const lost = (time: number): Lifetime => ({ time, lost: true });
    const clusters = [[lost(1), lost(2), lost(3)], [1, 2, 3].map(() => ({ time: 9, lost: false }))];
    expect(medianLifetimeOf(clusters)(everyOf(2))).toBe(3);
  });

  it('counts a cluster as often as it was drawn, with all its dialogues', () => {
    const clusters: Lifetime[][] = [
      [
        { time: 1, lost: true },
        { time: 4, lost: false },
      ],
      [{ time: 2, lost: true }],
    ];
    expect(keptOf(clusters, 1)(Int32Array.of(0, 0, 1))).toBeCloseTo(3 / 5, 14);
    expect(keptOf(clusters, 2)(Int32Array.of(0, 0, 1))).toBeCloseTo((3 / 5) * (2 / 3), 14);
  });

  it('has intervals over clusters that contain the truth where dialogues of a prompt resemble each other', () => {
    const random = createRandom(5);
    const clusters = drawEach(60, () => {
      const hazard = random() < 0.5 ? 0.05 : 0.25; // an easy or a hard prompt
      return drawEach(4, (): Lifetime => {
        const time = Math.ceil(Math.log(1 - random()) / Math.log(1 - hazard));
        return { time: Math.min(time, 8), lost: time <= 8 };
      });
    });
    const truth = (0.95 ** 4 + 0.75 ** 4) / 2;
    const { low, high } = bootstrap(60, keptOf(clusters, 4), { resamples: 999 });
    expect(low).toBeLessThan(truth);
    expect(high).toBeGreaterThan(truth);
    const independent = kaplanMeier(clusters.flat()).find(({ time }) => time === 4)!;
    expect(high - low).toBeGreaterThan(1.2 * (independent.high - independent.low));
  });
});

describe('log-rank scores', () => {
  it("sum to the log-rank test's O − E, and give the exact p of exchanging arms", () => {
    for (const figure of comparisons.logRank) {
      const scores = logRankScores(livesOf(figure.left), livesOf(figure.right));
      expect(scores.left.reduce((a, b) => a + b, 0)).toBeCloseTo(figure.excess, 12);
      expect(scores.right.reduce((a, b) => a + b, 0)).toBeCloseTo(-figure.excess, 12);
      const [left, right] = [scores.left, scores.right].map((each) => each.map((sum) => ({ sum, count: 1 })));
      expect(pairedPermutation(pairedDifferences(left!, right!))).toBeCloseTo(figure.p, 12);
    }
  });
});
