import { describe, expect, it } from 'vitest';
import { binomialMargin, drawNormal, drawScore } from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { oddsRatio } from './odds.js';
import type { Score } from './statistic.js';

const pairs = (onlyLeft: number, onlyRight: number, both = 0): readonly [Score[], Score[]] => {
  const of = (score: number, count: number): Score[] => Array(count).fill({ sum: score, count: 1 });
  return [
    [...of(1, onlyLeft), ...of(0, onlyRight), ...of(1, both)],
    [...of(0, onlyLeft), ...of(1, onlyRight), ...of(1, both)],
  ];
};

describe('the odds ratio', () => {
  it("is statsmodels' over clusters as strata", () => {
    for (const { counts, obeyed, ratio } of figures.odds) {
      const of = (arm: 0 | 1): Score[] =>
        obeyed.map((sums, cluster) => ({ sum: sums[arm], count: counts[cluster]![arm] }));
      const { value, low, high } = oddsRatio(of(0), of(1));
      expect(value / ratio).toBeCloseTo(1, 12);
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
      expect(oddsRatio(of(1), of(0)).value * ratio).toBeCloseTo(1, 12);
    }
  });

  it('of pairs is the ratio of the two kinds of discordant pairs, whatever the others do', () => {
    expect(oddsRatio(...pairs(12, 4)).value).toBeCloseTo(3, 12);
    expect(oddsRatio(...pairs(12, 4, 30)).value).toBeCloseTo(3, 12);
  });

  it('is finite where an arm never fails where the other obeys', () => {
    const { value, low, high } = oddsRatio(...pairs(10, 0, 20));
    expect(value).toBeCloseTo(10.5 / 0.5, 12);
    expect(low).toBeGreaterThan(1);
    expect(Number.isFinite(high)).toBe(true);
    expect(oddsRatio(...pairs(0, 10, 20)).value).toBeCloseTo(0.5 / 10.5, 12);
  });

  it('is 1 and excludes little where no cluster is discordant', () => {
    const { value, low, high } = oddsRatio(...pairs(0, 0, 30));
    expect(value).toBe(1);
    expect(low).toBeLessThan(0.1);
    expect(high).toBeGreaterThan(10);
  });

  it('leaves out clusters in which an arm has no answer, and needs two for an interval', () => {
    const [left, right] = pairs(5, 3);
    const none = { sum: 0, count: 0 };
    expect(oddsRatio([...left, none], [...right, { sum: 2, count: 2 }])).toEqual(oddsRatio(left, right));
    expect(oddsRatio([none], [none]).value).toBeNaN();
    expect(oddsRatio(...pairs(1, 0)).low).toBeNaN();
  });
});

describe('the interval of the odds ratio', () => {
  interface Design {
    readonly clusters: number;
    readonly answers: number;
    /** Mean log odds of obeying under the right arm, and by how much the left arm's are higher. */
    readonly base: number;
    readonly shift: number;
    /** Deviation of a cluster's log odds in one arm: its answers depend on each other beyond the stratum. */
    readonly own: number;
  }
  const drawArms = (design: Design, random: () => number): readonly [Score[], Score[]] => {
    const { clusters, answers, base, shift, own } = design;
    const both = Array.from({ length: clusters }, () => {
      const prompt = base + drawNormal(random);
      return [shift, 0].map((extra) =>
        drawScore(random, answers, 1 / (1 + Math.exp(-(prompt + extra + own * drawNormal(random))))),
      );
    });
    return [both.map(([left]) => left!), both.map(([, right]) => right!)];
  };

  it.each<[string, Design]>([
    ['four answers a prompt', { clusters: 40, answers: 4, base: 0, shift: 0.8, own: 1 }],
    ['nine answers, few prompts', { clusters: 20, answers: 9, base: 0, shift: 0.8, own: 1 }],
    ['near the ceiling', { clusters: 20, answers: 3, base: 4, shift: 1.5, own: 0.5 }],
    ['one answer, a large effect', { clusters: 20, answers: 1, base: 0, shift: 3, own: 0.5 }],
  ])('contains the true value in 95 of 100 studies: %s', (_, design) => {
    const [many, others] = drawArms({ ...design, clusters: 200_000 }, createRandom(1));
    const truth = oddsRatio(many, others).value;
    const simulations = 1000;
    let covered = 0;
    for (let simulation = 0; simulation < simulations; simulation++) {
      const { low, high } = oddsRatio(...drawArms(design, createRandom(70_000 + simulation)));
      if (low <= truth && truth <= high) covered++;
    }
    expect(covered / simulations).toBeGreaterThan(0.95 - binomialMargin(0.05, simulations));
  });
});
