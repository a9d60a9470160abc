import { drawnRanks } from './ranks.js';
import type { Statistic } from './statistic.js';

/** Two values of one observation, with its stratum (a round), its unit (a dialogue) and its cluster (a prompt). */
export interface StratifiedPoint {
  readonly stratum: number;
  readonly unit: number;
  /** The index of the unit's cluster. */
  readonly cluster: number;
  readonly x: number;
  readonly y: number;
}

/**
 * Returns the rank correlation of x and y given the stratum: both are ranked within each stratum, and the ranks correlated
 * after the means of each stratum are taken from them,
 *
 *   r = Σ_s Σ (x − x̄_s)(y − ȳ_s) / √(Σ_s Σ (x − x̄_s)² · Σ_s Σ (y − ȳ_s)²)
 *
 * Two quantities that only fall together over the rounds have none. With `given: 'stratum and unit'`, the mean rank of each
 * unit is taken from its ranks first, so that units (dialogues) that differ in level do not count either. Ranks are divided by the size of their stratum, and are
 * those of the whole sample in every resample. NaN if one of the two does not vary within any stratum.
 * @param clusters the number of clusters
 * @param given what is held fixed
 */
export function rankCorrelationWithin(
  points: readonly StratifiedPoint[],
  clusters: number,
  given: 'stratum' | 'stratum and unit' = 'stratum',
): Statistic {
  const strata = [...new Set(points.map(({ stratum }) => stratum))];
  const ranked = strata.flatMap((stratum) => {
    const own = points.filter((point) => point.stratum === stratum);
    const [x, y] = [own.map((point) => point.x), own.map((point) => point.y)].map(ranksOf);
    return own.map((point, at) => ({ ...point, x: x![at]!, y: y![at]! }));
  });
  const centred = given === 'stratum' ? ranked : withoutUnitMeans(ranked);
  // For each stratum and cluster: n, Σx, Σy, Σxx, Σyy, Σxy.
  const sums = strata.map((stratum) => {
    const byCluster = Array.from({ length: clusters }, () => new Float64Array(6));
    for (const { x, y, cluster } of centred.filter((point) => point.stratum === stratum)) {
      const terms = [1, x, y, x ** 2, y ** 2, x * y];
      for (const [term, value] of terms.entries()) byCluster[cluster]![term]! += value;
    }
    return byCluster;
  });
  return (drawn) => {
    let [xx, yy, xy] = [0, 0, 0];
    const total = new Float64Array(6);
    for (const byCluster of sums) {
      total.fill(0);
      for (const cluster of drawn) {
        const own = byCluster[cluster]!;
        for (let term = 0; term < 6; term++) total[term]! += own[term]!;
      }
      const [n, sx, sy, sxx, syy, sxy] = total as unknown as [number, number, number, number, number, number];
      if (n === 0) continue;
      xx += sxx - sx ** 2 / n;
      yy += syy - sy ** 2 / n;
      xy += sxy - (sx * sy) / n;
    }
    // Rounding may leave something of ranks that do not vary.
    return xx > 1e-9 && yy > 1e-9 ? Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy))) : Number.NaN;
  };
}

/** Returns the ranks of values among each other, divided by their number. */
function ranksOf(values: readonly number[]): number[] {
  const all = Int32Array.from(values.keys());
  return Array.from(drawnRanks(values)(all), (rank) => rank / values.length);
}

function withoutUnitMeans(points: readonly StratifiedPoint[]): StratifiedPoint[] {
  const units = new Map<number, { n: number; x: number; y: number }>();
  for (const { unit, x, y } of points) {
    const sum = units.get(unit) ?? { n: 0, x: 0, y: 0 };
    units.set(unit, { n: sum.n + 1, x: sum.x + x, y: sum.y + y });
  }
  return points.map((point) => {
    const { n, x, y } = units.get(point.unit)!;
    return { ...point, x: point.x - x / n, y: point.y - y / n };
  });
}
