import { describe, expect, it } from 'vitest';
import { comparisons } from '../../test/support/comparison-figures.js';
import {
  binomialMargin,
  drawEach,
  drawNormal,
  drawScore,
  everyOf,
} from '../../test/support/simulated-clusters.js';
import { createRandom } from '../random.js';
import { clusterDeviation } from './power.js';
import { covarianceOfMeans, randomEffects } from './random-effects.js';
import { meanOf } from './statistic.js';

describe('random effects', () => {
  it('are those of a numerical maximum of the restricted likelihood, with Knapp and Hartung’s interval', () => {
    for (const figure of comparisons.randomEffects) {
      const found = randomEffects(figure.effects, figure.shared);
      expect(found.studies).toBe(figure.effects.length);
      expect(found.betweenVariance).toBeCloseTo(figure.between, 7);
      expect(found.mean.value).toBeCloseTo(figure.mean, 7);
      expect(found.mean.low).toBeCloseTo(figure.low, 5);
      expect(found.mean.high).toBeCloseTo(figure.high, 5);
      expect(found.heterogeneity).toBeCloseTo(figure.heterogeneity, 10);
      const [low, high] = figure.prediction ?? [Number.NaN, Number.NaN];
      expect([found.prediction.low, found.prediction.high]).toEqual([
        figure.prediction === null ? Number.NaN : expect.closeTo(low, 5),
        figure.prediction === null ? Number.NaN : expect.closeTo(high, 5),
      ]);
    }
  });

  it('treat errors that models share as generalised least squares with their covariances does', () => {
    const equal = comparisons.randomEffects.filter(({ shared }) => shared > 0);
    expect(equal).toHaveLength(2);
    for (const { effects, shared, generalised } of equal) {
      const { mean, betweenVariance } = randomEffects(effects, shared);
      const own = effects[0]!.variance - shared + betweenVariance;
      expect(mean.value).toBeCloseTo(generalised.mean, 10);
      // At the maximum q is 1, or less if τ² is 0: the variance is that of generalised least squares.
      expect(own / effects.length + shared).toBeCloseTo(generalised.variance, 9);
    }
  });

  it('have intervals that contain the mean in about 95 of 100 cases, with few models and a shared error', () => {
    const random = createRandom(11);
    const [between, own, shared] = [0.0016, 0.0009, 0.0004];
    const simulations = 600;
    const contains = drawEach(simulations, () => {
      const common = Math.sqrt(shared) * drawNormal(random);
      const effects = drawEach(5, () => ({
        value: 0.1 + common + Math.sqrt(between + own - shared) * drawNormal(random),
        variance: own,
      }));
      const { mean } = randomEffects(effects, shared);
      return mean.low <= 0.1 && mean.high >= 0.1;
    });
    const coverage = contains.filter(Boolean).length / simulations;
    expect(coverage).toBeGreaterThan(0.95 - binomialMargin(0.95, simulations) - 0.01);
  });

  it('are wider than nothing if all effects agree, and cannot be told from one or from an effect without error', () => {
    const { mean, heterogeneity } = randomEffects(drawEach(3, () => ({ value: 0.2, variance: 0.01 })));
    expect(mean.high - mean.low).toBeGreaterThan(0.4);
    expect(heterogeneity).toBe(0);
    expect(randomEffects([{ value: 0.2, variance: 0.01 }]).mean.value).toBeNaN();
    expect(
      randomEffects([
        { value: 0, variance: 0 },
        { value: 0.2, variance: 0.01 },
      ]).mean.low,
    ).toBeNaN();
  });
});

describe('the covariance of two means', () => {
  it('is, of a mean with itself, the squared standard error, whatever the counts', () => {
    const random = createRandom(2);
    const scores = drawEach(30, (at) => drawScore(random, 1 + (at % 5), 0.4));
    expect(covarianceOfMeans(scores, scores)).toBeCloseTo(clusterDeviation(scores) ** 2 / 30, 14);
  });

  it('is that of repeated samples, which share the ease of their clusters', () => {
    const random = createRandom(8);
    const draw = () => {
      const ease = drawEach(25, () => 0.6 * random());
      return [0.2, 0.4].map((least) => ease.map((own) => drawScore(random, 6, least + own)));
    };
    const samples = drawEach(3000, draw);
    const means = samples.map((pair) => pair.map((scores) => meanOf(scores)(everyOf(25))));
    const middle = [0, 1].map((side) => means.reduce((sum, pair) => sum + pair[side]!, 0) / means.length);
    const truth =
      means.reduce((sum, [one, other]) => sum + (one! - middle[0]!) * (other! - middle[1]!), 0) /
      means.length;
    const estimated =
      samples.reduce((sum, [one, other]) => sum + covarianceOfMeans(one!, other!), 0) / samples.length;
    expect(estimated / truth).toBeGreaterThan(0.9);
    expect(estimated / truth).toBeLessThan(1.1);
  });
});
