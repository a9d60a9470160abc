import { describe, expect, it } from 'vitest';
import { drawEach, drawNormal, everyOf, scoresOf } from '../../test/support/simulated-clusters.js';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { bootstrap, bootstrapEach, createBootstrap, type Estimate } from './bootstrap.js';
import { boundedInterval } from './bounded.js';
import { correlationOf, spearman } from './correlation.js';
import { DIFFERENCES, type Range, SCORES } from './range.js';
import { differenceOf, meanOf, type Score, slopeOf } from './statistic.js';

/** Numbers with a mean of `mean` and a variance of 1. */
function sampleOf(size: number, mean: number, seed: number): number[] {
  const random = createRandom(seed);
  return drawEach(size, () => mean + drawNormal(random));
}

const widthOf = ({ low, high }: Estimate): number => high - low;

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

  it("gives scipy's interval, up to the noise of 10,000 resamples", () => {
    for (const { counts, left, right, ...expected } of figures.bootstrap) {
      const [one, other] = [left, right].map((sums) =>
        meanOf(sums.map((sum, index) => ({ sum, count: counts[index]! }))),
      );
      const estimates = bootstrapEach(counts.length, [one!, differenceOf(one!, other!)]);
      for (const [index, [low, high]] of [expected.mean, expected.difference].entries()) {
        // With 10,000 resamples an end has the error √(.025·.975/10,000)/φ(1.96) = .027 standard errors, 1/150 of the
        // width. The tolerance is four times that.
        const margin = 0.027 * (high - low);
        expect(Math.abs(estimates[index]!.low - low)).toBeLessThan(margin);
        expect(Math.abs(estimates[index]!.high - high)).toBeLessThan(margin);
      }
    }
  });

  it('keeps its random sequence, so that published figures can be reproduced', () => {
    const random = createRandom(77);
    const arms = drawEach(3, () =>
      drawEach(25, () => ({ sum: random() * 5, count: 1 + Math.floor(random() * 5) })),
    );
    const [first, second] = arms.map(meanOf);
    const slope = slopeOf(arms.map((scores, x) => ({ x, y: meanOf(scores) })));
    expect(bootstrap(25, first!)).toEqual({
      value: 0.7722817108077465,
      low: 0.5575952844841877,
      high: 1.0610849365160746,
    });
    expect(bootstrap(25, differenceOf(first!, second!), { resamples: 501, seed: 3 })).toEqual({
      value: -0.08067788780099938,
      low: -0.4868656876775393,
      high: 0.3034993350343651,
    });
    expect(bootstrap(25, slope, { resamples: 1000 })).toEqual({
      value: 0.12001986288223015,
      low: -0.07416947765154804,
      high: 0.32419525630168006,
    });
  });

  it('keeps a dialogue together: twenty equal scores carry no more information than one', () => {
    const values = sampleOf(40, 0, 5);
    const widthFor = (scores: Score[]): number => widthOf(bootstrap(scores.length, meanOf(scores)));
    const clustered = values.map((value) => ({ sum: 20 * value, count: 20 }));
    const scattered = values.flatMap((value) => scoresOf(Array<number>(20).fill(value)));
    expect(widthFor(clustered)).toBeCloseTo(widthFor(scoresOf(values)), 1.5);
    expect(widthFor(scattered)).toBeLessThan(widthFor(clustered) / 3);
  });

  it('pairs arms: what both share adds no noise to their difference', () => {
    const left = sampleOf(50, 0, 9);
    const right = left.map((value) => value - 0.1);
    const [one, other] = [left, right].map((values) => bootstrap(50, meanOf(scoresOf(values))));
    expect(Math.min(widthOf(one!), widthOf(other!))).toBeGreaterThan(0.4);
    const paired = bootstrap(50, differenceOf(meanOf(scoresOf(left)), meanOf(scoresOf(right))));
    expect(paired.value).toBeCloseTo(0.1, 12);
    expect(paired).toEqual({ value: paired.value, low: Number.NaN, high: Number.NaN });
  });

  it('is the same for the same seed, and differs for another seed', () => {
    const statistic = meanOf(scoresOf(sampleOf(30, 0, 2)));
    expect(bootstrap(30, statistic)).toEqual(bootstrap(30, statistic));
    expect(bootstrap(30, statistic, { seed: 2 })).not.toEqual(bootstrap(30, statistic));
  });

  it('leaves out resamples without any score, and has no interval if they are more than one in twenty', () => {
    const random = createRandom(4);
    const withScores = (scored: number) =>
      drawEach(20, (index) => (index < scored ? { sum: random(), count: 1 } : { sum: 0, count: 0 }));
    // All 20 draws miss the scores in (1 − scored / 20)^20 of the resamples: 1.2 % of them with four, 12 % with two.
    const [some, few] = [4, 2].map((scored) =>
      bootstrap(20, meanOf(withScores(scored)), { resamples: 2000 }),
    );
    expect(some!.low).toBeLessThan(some!.value);
    expect(few).toEqual({ value: few!.value, low: Number.NaN, high: Number.NaN });
  });

  it('has no interval of no width: equal clusters do not show how others differ', () => {
    const equal = meanOf(scoresOf(Array<number>(30).fill(0.3)));
    expect(bootstrap(30, equal)).toEqual({ value: equal(everyOf(30)), low: Number.NaN, high: Number.NaN });
    // Two dialogues with one score each: their correlation is the same in every resample that has one.
    const [x, y] = [
      [0, 0, 0, 1],
      [0, 0, 0.5, 1],
    ];
    expect(bootstrap(4, correlationOf(x!, y!, spearman)).low).toBeNaN();
  });

  it('bounds the mean of equal scores by their number: the rule of three', () => {
    for (const clusters of [8, 40, 100]) {
      const zeros = meanOf(scoresOf(Array<number>(clusters).fill(0)));
      const { value, low, high } = bootstrap(clusters, zeros, { range: SCORES });
      expect([value, low]).toEqual([0, 0]);
      expect(high).toBeCloseTo(1 - 0.025 ** (1 / clusters), 9);
      const difference = bootstrap(clusters, zeros, { range: DIFFERENCES });
      expect(difference.low).toBeCloseTo(-difference.high, 9);
      expect(difference.high).toBeCloseTo(high, 9);
    }
  });

  it('uses the bounded interval while fewer than eight clusters differ from most, and resamples from there', () => {
    const withChanged = (changed: number, range?: Range) => {
      const scores = drawEach(40, (index) => ({ sum: index < changed ? 1 : 0, count: 1 }));
      return bootstrap(40, meanOf(scores), { resamples: 500, ...(range && { range }) });
    };
    expect(withChanged(7, SCORES)).toEqual({
      value: 0.175,
      ...boundedInterval([...Array<number>(7).fill(1), ...Array<number>(33).fill(0)], SCORES),
    });
    expect(withChanged(8, SCORES)).toEqual(withChanged(8));
    // Clusters without scores are not among the equal ones.
    const sparse = meanOf(drawEach(40, (index) => ({ sum: index < 10 ? 1 : 0, count: index < 10 ? 1 : 0 })));
    expect(bootstrap(40, sparse, { range: SCORES }).low).toBeCloseTo(0.025 ** (1 / 10), 9);
  });

  it('gives each of many statistics the same estimate as alone', () => {
    const samples = [3, 4, 5].map((seed) => meanOf(scoresOf(sampleOf(20, 0, seed))));
    const options = { resamples: 300, seed: 9 };
    expect(bootstrapEach(20, samples, options)).toEqual(
      samples.map((statistic) => bootstrap(20, statistic, options)),
    );
    expect(bootstrapEach(20, [])).toEqual([]);
  });

  it('is wider when expanded, the more so with fewer clusters, and undefined for one cluster', () => {
    const wideningAt = (clusters: number): number => {
      const statistic = meanOf(scoresOf(sampleOf(clusters, 0, 7)));
      const expanded = bootstrap(clusters, statistic, { expanded: true });
      expect(expanded.value).toBe(bootstrap(clusters, statistic).value);
      return widthOf(expanded) / widthOf(bootstrap(clusters, statistic));
    };
    // t·√(n / (n − 1)) / z: 2.093·1.026/1.960 and 1.984·1.005/1.960, by tables.
    expect(wideningAt(20)).toBeCloseTo(1.096, 1.5);
    expect(wideningAt(100)).toBeCloseTo(1.017, 1.5);
    const alone = bootstrap(1, meanOf(scoresOf([3])), { expanded: true });
    expect(alone).toEqual({ value: 3, low: Number.NaN, high: Number.NaN });
  });

  it('gives the same estimates when all share one set of resamples', () => {
    const statistics = [30, 50, 30].map((size, at) => meanOf(scoresOf(sampleOf(size, at, at + 1))));
    const estimate = createBootstrap({ resamples: 500, expanded: true });
    for (const [at, clusters] of [30, 50, 30].entries()) {
      expect(estimate(clusters, statistics[at]!)).toEqual(
        bootstrap(clusters, statistics[at]!, { resamples: 500, expanded: true }),
      );
    }
  });

  it('draws fewer resamples for a statistic that reads many numbers, at least 1,000', () => {
    const clusters = 30;
    const statistic = meanOf(scoresOf(sampleOf(clusters, 0, 1)));
    const estimate = createBootstrap();
    const having = (resamples: number) => bootstrap(clusters, statistic, { resamples });
    expect(estimate(clusters, statistic)).toEqual(having(10_000));
    expect(estimate(clusters, statistic, undefined, 5_000)).toEqual(having(10_000));
    expect(estimate(clusters, statistic, undefined, 20_000)).toEqual(having(2_500));
    expect(estimate(clusters, statistic, undefined, 1e6)).toEqual(having(1_000));
    expect(createBootstrap({ resamples: 50 })(clusters, statistic, undefined, 1e6)).toEqual(having(50));
  });

  it('resamples clusters that are nearly alike if one is outside the range', () => {
    const scores = [...Array.from({ length: 11 }, () => ({ sum: 1, count: 1 })), { sum: -1, count: 0 }];
    const { low, high } = bootstrap(12, meanOf(scores), { resamples: 200, range: [-1, 1] });
    expect(low).toBeLessThan(1);
    expect(high).toBe(1);
  });
});
