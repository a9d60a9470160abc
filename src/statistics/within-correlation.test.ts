import { describe, expect, it } from 'vitest';
import { spearman } from './correlation.js';
import { rankCorrelationWithin, type StratifiedPoint } from './within-correlation.js';

const all = (clusters: number): Int32Array => Int32Array.from({ length: clusters }, (_, at) => at);

describe('the rank correlation given a stratum', () => {
  it("is Spearman's in one stratum, with ties", () => {
    const x = [3, 1, 2, 2, 5, 0];
    const y = [1, 1, 4, 2, 9, 3];
    const points = x.map((value, cluster) => ({
      stratum: 7,
      unit: cluster,
      cluster,
      x: value,
      y: y[cluster]!,
    }));
    expect(rankCorrelationWithin(points, 6)(all(6))).toBeCloseTo(spearman(x, y), 12);
  });

  it('is 0 for what only falls together over strata, and 1 for what agrees within each', () => {
    const points = (agree: boolean): StratifiedPoint[] =>
      [0, 1, 2, 3].flatMap((stratum) =>
        [0, 1, 2, 3].map((cluster) => ({
          stratum,
          unit: cluster,
          cluster,
          x: 10 * stratum + cluster,
          y: agree ? cluster - 100 * stratum : 10 * stratum + [1, 0, 3, 2].indexOf((cluster + stratum) % 4),
        })),
      );
    expect(rankCorrelationWithin(points(true), 4)(all(4))).toBeCloseTo(1, 12);
    expect(Math.abs(rankCorrelationWithin(points(false), 4)(all(4)))).toBeLessThan(0.5);
  });

  it('is not hidden by units of different level, given the unit as well', () => {
    // Within each unit both move together; units with a high x have a low y.
    const points = Array.from({ length: 8 }, (_, unit) =>
      Array.from({ length: 6 }, (_, stratum) => {
        const own = 2 * Math.sin(3 * unit + 5 * stratum) - stratum;
        return { stratum, unit, cluster: unit, x: own + unit / 2, y: own - unit / 2 };
      }),
    ).flat();
    expect(rankCorrelationWithin(points, 8)(all(8))).toBeLessThan(0);
    expect(rankCorrelationWithin(points, 8, 'stratum and unit')(all(8))).toBeGreaterThan(0.8);
    const apart = points.map((point) => ({ ...point, x: 100 * point.unit + point.x }));
    // Levels that decide all ranks leave nothing within a unit.
    expect(rankCorrelationWithin(apart, 8, 'stratum and unit')(all(8))).toBeNaN();
  });

  it('draws clusters, and is NaN where nothing varies', () => {
    const points = [0, 1, 2].map((cluster) => ({
      stratum: 1,
      unit: cluster,
      cluster,
      x: cluster,
      y: [0, 2, 1][cluster]!,
    }));
    const statistic = rankCorrelationWithin(points, 3);
    expect(statistic(Int32Array.of(0, 1, 1))).toBeCloseTo(1, 12);
    expect(statistic(Int32Array.of(1, 2, 2))).toBeCloseTo(-1, 12);
    expect(statistic(Int32Array.of(1, 1, 1))).toBeNaN();
    expect(rankCorrelationWithin([], 3)(all(3))).toBeNaN();
  });
});
