import { drawnRanks } from './ranks.js';
import type { Statistic } from './statistic.js';

/** Two values of one observation, with its stratum (a round) and the index of its cluster (a prompt). */
export interface StratifiedPoint {
  readonly stratum: number;
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
 * Two quantities that only fall together over the rounds have none. Ranks are divided by the size of their stratum, and are
 * those of the whole sample in every resample. NaN if one of the two does not vary within any stratum.
 * @param clusters the number of clusters
 */
export function rankCorrelationWithin(points: readonly StratifiedPoint[], clusters: number): Statistic {
  const strata = [...new Set(points.map(({ stratum }) => stratum))];
  // For each stratum and cluster: n, Σx, Σy, Σxx, Σyy, Σxy.
  const sums = strata.map((stratum) => {
    const own = points.filter((point) => point.stratum === stratum);
    const ranksOf = (values: readonly number[]): number[] =>
      Array.from(drawnRanks(values)(Int32Array.from(own.keys())), (rank) => rank / own.length);
    const x = ranksOf(own.map((point) => point.x));
    const y = ranksOf(own.map((point) => point.y));
    const byCluster = Array.from({ length: clusters }, () => new Float64Array(6));
    for (const [at, { cluster }] of own.entries()) {
      const terms = [1, x[at]!, y[at]!, x[at]! ** 2, y[at]! ** 2, x[at]! * y[at]!];
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
