import { studentBeyond } from './distributions.js';
import { linearised } from './power.js';
import type { Score } from './statistic.js';

/**
 * Returns the two-sided p-value of a studentised test that the mean difference is zero, whatever else differs between the
 * arms: Student's t = √n·mean / s, corrected for the skewness γ of the differences by t + γ(2t² + 1)/(6√n) + γ²t³/(27n)
 * (Hall 1992), with n − 1 degrees of freedom. Where differences are skewed, the exchanges of `pairedPermutation` and the
 * plain t test find effects of two means that do not differ; this test does so less often. The statistic is that of
 * `meanOf(differences)`, linearised as in `clusterDeviation`.
 *
 * NaN if there are fewer than two clusters, or if they do not vary: there is no deviation to compare the mean with.
 * @param differences one per cluster; those without scores are left out
 */
export function skewedMeanTest(differences: readonly Score[]): number {
  const { mean, residuals } = linearised(differences);
  const n = residuals.length;
  const moment = (power: number): number =>
    residuals.reduce((total, residual) => total + residual ** power, 0) / n;
  const variance = moment(2);
  if (n < 2 || !(variance > 0)) return Number.NaN;
  const t = mean / Math.sqrt(variance / (n - 1));
  const skewness = moment(3) / variance ** 1.5;
  const corrected =
    t + (skewness * (2 * t ** 2 + 1)) / (6 * Math.sqrt(n)) + (skewness ** 2 * t ** 3) / (27 * n);
  return studentBeyond(Math.abs(corrected), n - 1);
}
