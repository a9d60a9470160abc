import { describe, expect, it } from 'vitest';
import { comparisons } from '../../test/support/comparison-figures.js';
import {
  gainBetweenCurves,
  gainBetweenCurvesAt,
  gainOverCurve,
  onFront,
  resampleTrades,
  type TradeStatistic,
  type Trades,
} from './at-equal-cost.js';
import { mean } from './centre.js';
import { quantile } from './quantile.js';

const tradesOf = (points: readonly (readonly [cost: number, benefit: number])[]): Trades => ({
  costs: Float64Array.from(points, ([cost]) => cost),
  benefits: Float64Array.from(points, ([, benefit]) => benefit),
});

describe('gains at equal cost', () => {
  const { benefits, counts, costs, tokens, single, between } = comparisons.equalCost;
  const sample = resampleTrades({
    benefits: benefits.map((sums) => sums.map((sum, at) => ({ sum, count: counts[at]! }))),
    costs: costs.map((sums) => sums.map((sum, at) => ({ sum, count: tokens[at]! }))),
  });
  const curves = [
    [0, 1, 2],
    [0, 3, 4],
  ] as const;

  it.each([
    ['an arm and a curve', gainOverCurve(5, curves[0]), single],
    ['two curves', gainBetweenCurves(curves[0], curves[1]), between],
  ])("of %s are numpy's, with its bootstrap over dialogues and items", (_, statistic, expected) => {
    expect(statistic(sample.observed)).toBeCloseTo(expected.value, 6);
    const drawn = Float64Array.from(sample.resampled, statistic).sort();
    const [low, high] = expected.interval;
    const noise = 0.05 * (high - low);
    expect(Math.abs(quantile(drawn, 0.025) - low)).toBeLessThan(noise);
    expect(Math.abs(quantile(drawn, 0.975) - high)).toBeLessThan(noise);
  });

  it('are linear in the root of the cost between two arms, and the arms themselves at theirs', () => {
    const at = (cost: number): number =>
      gainOverCurve(
        3,
        [2, 0, 1],
      )(
        tradesOf([
          [0, 0.5],
          [0.04, 0.7],
          [0.16, 0.8],
          [cost, 0],
        ]),
      );
    expect(-at(0)).toBe(0.5);
    expect(-at(0.01)).toBeCloseTo(0.6, 12);
    expect(-at(0.04)).toBe(0.7);
    expect(-at(0.09)).toBeCloseTo(0.75, 12);
    expect(-at(0.16)).toBe(0.8);
  });

  it('cannot be told outside a curve, or if two curves share no range', () => {
    const trades = tradesOf([
      [0.01, 0.5],
      [0.02, 0.7],
      [0.03, 0.8],
      [0.04, 0.9],
    ]);
    expect(gainOverCurve(2, [0, 1])(trades)).toBeNaN();
    expect(gainOverCurve(0, [1, 2])(trades)).toBeNaN();
    expect(gainBetweenCurves([0, 1], [2, 3])(trades)).toBeNaN();
    expect(gainBetweenCurves([0, 1], [1, 2])(trades)).toBeNaN(); // a single cost is no range
  });

  it('of two curves at one cost are those of an arm of one of them that costs this much', () => {
    const { observed } = sample;
    const at = gainBetweenCurvesAt(curves[0], curves[1], observed.costs[1]!)(observed);
    expect(at).toBeCloseTo(gainOverCurve(1, curves[1])(observed), 12);
    expect(gainBetweenCurvesAt(curves[0], curves[1], 1)(observed)).toBeNaN();
  });

  it('average arms of the same cost', () => {
    const trades = tradesOf([
      [0, 0.4],
      [0, 0.6],
      [0.01, 0.8],
      [0, 0.55],
    ]);
    expect(gainOverCurve(3, [0, 1, 2])(trades)).toBeCloseTo(0.05, 12);
  });

  it('of two curves are opposite when exchanged, and zero for a curve and itself', () => {
    const forth = gainBetweenCurves(curves[0], curves[1])(sample.observed);
    expect(gainBetweenCurves(curves[1], curves[0])(sample.observed)).toBeCloseTo(-forth, 12);
    expect(gainBetweenCurves(curves[0], curves[0])(sample.observed)).toBeCloseTo(0, 12);
  });
});

describe('a Pareto front', () => {
  const often = (statistic: TradeStatistic, resampled: readonly Trades[]): number =>
    mean(resampled.map(statistic));

  it('has the arms that no other arm beats', () => {
    const trades = tradesOf([
      [0, 0.5],
      [0.1, 0.7],
      [0.2, 0.7],
      [0.2, 0.6],
      [0.3, 0.9],
      [0.3, 0.9],
    ]);
    expect(trades.costs.map((_, arm) => onFront(arm)(trades))).toEqual(Float64Array.of(1, 1, 0, 0, 1, 1));
  });

  it('is uncertain about an arm that gains nothing at little cost', () => {
    // Each dialogue of the control differs from off by chance; the third arm gains in every dialogue.
    const dialogues = Array.from({ length: 60 }, (_, at) => at);
    const benefits = [
      dialogues.map(() => ({ sum: 2, count: 4 })),
      dialogues.map((at) => ({ sum: 2 + (at % 3 === 0 ? 1 : 0) - (at % 3 === 1 ? 1 : 0), count: 4 })),
      dialogues.map((at) => ({ sum: at % 2 === 0 ? 3 : 4, count: 4 })),
    ];
    const items = (cost: number) => Array.from({ length: 12 }, () => ({ sum: 100 * cost, count: 100 }));
    const { resampled } = resampleTrades({ benefits, costs: [items(0), items(0.01), items(0.05)] });
    expect(often(onFront(0), resampled)).toBe(1);
    expect(often(onFront(1), resampled)).toBeGreaterThan(0.35);
    expect(often(onFront(1), resampled)).toBeLessThan(0.65);
    expect(often(onFront(2), resampled)).toBe(1);
  });

  it('is the same for the same seed', () => {
    const scores = { benefits: [[{ sum: 1, count: 2 }]], costs: [[{ sum: 0, count: 9 }]] };
    const [one, other] = [1, 1].map(() => resampleTrades(scores, { resamples: 5 }));
    expect(one).toEqual(other);
    expect(one!.resampled).toHaveLength(5);
  });
});
