import { describe, expect, it } from 'vitest';
import { createRandom } from '../random.js';
import {
  type AgreementTable,
  cohenKappa,
  correctedRate,
  type EffectiveRate,
  effectiveRate,
  kappaOf,
  rateEstimate,
  roganGladen,
} from './agreement.js';
import type { Score } from './statistic.js';

// The numbers in this file were computed with numpy and scipy.

const table = (
  bothPass: number,
  onlyFirst: number,
  onlySecond: number,
  bothFail: number,
): AgreementTable => ({
  bothPass,
  onlyFirst,
  onlySecond,
  bothFail,
});
const rate = (value: number, count: number): EffectiveRate => ({ value, count });

describe('cohenKappa', () => {
  it.each([
    [table(20, 5, 10, 15), 0.4],
    [table(45, 15, 25, 15), 0.13043478260869554],
    [table(25, 35, 5, 35), 0.25925925925925924],
    [table(12.5, 0.25, 3.75, 80), 0.8380957374298744],
    [table(4, 0, 0, 6), 1],
    [table(0, 5, 5, 0), -1],
  ])('of %j is %d', (counts, kappa) => {
    expect(cohenKappa(counts)).toBeCloseTo(kappa, 12);
  });

  it('is undefined without answers, and if all agreement is chance', () => {
    expect(cohenKappa(table(0, 0, 0, 0))).toBeNaN();
    expect(cohenKappa(table(9, 0, 0, 0))).toBeNaN();
  });

  it('is of all drawn clusters together, as often as they are drawn', () => {
    const kappa = kappaOf([table(10, 5, 0, 5), table(5, 0, 5, 5), table(9, 9, 9, 9)]);
    expect(kappa(Int32Array.of(0, 1, 1))).toBeCloseTo(cohenKappa(table(20, 5, 10, 15)), 12);
  });
});

describe('effectiveRate', () => {
  it('counts clustering, weights and the degrees of freedom', () => {
    const sums = [3, 5, 0.5, 4, 2];
    const counts = [4, 5, 2, 4, 6];
    const { value, count } = effectiveRate(
      sums.map((sum, at) => ({ sum, count: counts[at]! })),
      21,
    );
    expect(value).toBeCloseTo(0.6904761904761905, 12);
    expect(count).toBeCloseTo(4.017506860478792, 8);
  });

  it('counts each cluster once if all scores are alike, less if weights differ', () => {
    const clusters = [4, 5, 2, 4, 6].map((count) => ({ sum: count, count }));
    expect(effectiveRate(clusters, 21).value).toBe(1);
    expect(effectiveRate(clusters, 21).count).toBeCloseTo(2.2656084451372434, 8);
  });

  it('is at most the number of answers, and unknown for one cluster', () => {
    const even = Array.from({ length: 50 }, () => ({ sum: 1, count: 2 }));
    expect(effectiveRate(even, 100).count).toBeLessThanOrEqual(100);
    expect(effectiveRate([{ sum: 1, count: 2 }], 2).count).toBeNaN();
    expect(effectiveRate([{ sum: 0, count: 0 }], 0).value).toBeNaN();
  });
});

describe('rateEstimate', () => {
  it.each([
    [rate(0.9, 10), 0.5958499732047615, 0.9821237869049271],
    [rate(1, 50), 0.9286524008666412, 1],
    [rate(3 / 40, 40), 0.025836025774588198, 0.19864233524310543],
  ])('of %j has the score interval', (given, low, high) => {
    const estimate = rateEstimate(given);
    expect(estimate.low).toBeCloseTo(low, 10);
    expect(estimate.high).toBeCloseTo(high, 10);
  });
});

describe('roganGladen', () => {
  it('solves p = π·Se + (1 − π)·(1 − Sp), within 0 and 1', () => {
    expect(roganGladen(0.6, 0.9, 0.8)).toBeCloseTo(0.5714285714285712, 12);
    expect(roganGladen(0.15, 0.9, 0.8)).toBe(0);
    expect(roganGladen(0.97, 0.9, 0.8)).toBe(1);
    expect(roganGladen(0.37, 1, 1)).toBeCloseTo(0.37, 12);
  });

  it('is undefined for a judge that tells nothing', () => {
    expect(roganGladen(0.5, 0.6, 0.4)).toBeNaN();
    expect(roganGladen(0.5, 0.3, 0.4)).toBeNaN();
    expect(roganGladen(0.5, Number.NaN, 0.4)).toBeNaN();
  });
});

describe('correctedRate', () => {
  it('has the interval of Lang and Reiczigel', () => {
    const estimate = correctedRate(rate(0.6, 200), rate(0.9, 80), rate(0.8, 60));
    expect(estimate.value).toBeCloseTo(0.5714285714285712, 12);
    expect(estimate.low).toBeCloseTo(0.43646173205476724, 10);
    expect(estimate.high).toBeCloseTo(0.6978736770911311, 10);
  });

  it('is less certain than the judge even if no labelled answer shows an error', () => {
    const estimate = correctedRate(rate(0.9, 500), rate(1, 50), rate(1, 50));
    expect(estimate.value).toBeCloseTo(0.9, 12);
    expect(estimate.low).toBeCloseTo(0.870079995676756, 10);
    expect(estimate.high).toBeCloseTo(0.9601782260005245, 10);
    const judged = rateEstimate(rate(0.9, 500));
    expect(estimate.high - estimate.low).toBeGreaterThan(judged.high - judged.low);
  });

  it('has no interval if the judge may tell nothing, or a rate has none', () => {
    expect(correctedRate(rate(0.6, 200), rate(0.6, 10), rate(0.6, 10)).low).toBeNaN();
    expect(correctedRate(rate(0.6, 200), rate(0.9, Number.NaN), rate(0.6, 10)).low).toBeNaN();
    expect(correctedRate(rate(0.6, 200), rate(0.9, 50), rate(Number.NaN, Number.NaN)).value).toBeNaN();
  });

  it('covers the truth of clustered answers, of which some are labelled', () => {
    const random = createRandom(7);
    let covered = 0;
    const studies = 300;
    for (let study = 0; study < studies; study++) covered += simulate(random) ? 1 : 0;
    expect(covered / studies).toBeGreaterThan(0.92);
  });
});

/** True rate of the simulated answers. Prompts differ in it by up to 0.3 to either side. */
const TRUTH = 0.6;

/** Simulates 40 prompts with 10 answers each, of which 4 are labelled; returns whether the interval covers the truth. */
function simulate(random: () => number): boolean {
  const judged: Score[] = [];
  const passed: Score[] = [];
  const failed: Score[] = [];
  for (let prompt = 0; prompt < 40; prompt++) {
    const truth = TRUTH + 0.6 * (random() - 0.5);
    const [sensitivity, specificity] = [0.8 + 0.2 * random(), 0.75 + 0.2 * random()];
    const answers = Array.from({ length: 10 }, () => {
      const passes = random() < truth;
      return { passes, score: random() < (passes ? sensitivity : 1 - specificity) ? 1 : 0 };
    });
    const labelled = answers.slice(0, 4);
    const scoreOf = (of: readonly { readonly score: number }[]): Score => ({
      sum: of.reduce((sum, { score }) => sum + score, 0),
      count: of.length,
    });
    judged.push(scoreOf(answers));
    passed.push(scoreOf(labelled.filter(({ passes }) => passes)));
    const wrong = scoreOf(labelled.filter(({ passes }) => !passes));
    failed.push({ sum: wrong.count - wrong.sum, count: wrong.count });
  }
  const { low, high } = correctedRate(
    effectiveRate(judged, 400),
    effectiveRate(passed, 160),
    effectiveRate(failed, 160),
  );
  return low <= TRUTH && TRUTH <= high;
}
