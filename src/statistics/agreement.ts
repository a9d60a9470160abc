import type { Estimate } from './bootstrap.js';
import { NO_INTERVAL } from './bounded.js';
import { studentCritical } from './distributions.js';
import type { Score, Statistic } from './statistic.js';

/** How two raters agree on whether answers pass: weights of the answers by what the first and the second rater say. */
export interface AgreementTable {
  readonly bothPass: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly bothFail: number;
}

/**
 * Returns Cohen's κ = (p_o − p_e) / (1 − p_e), the agreement p_o beyond that of chance p_e (Cohen 1960, equation 1). NaN
 * without answers, and if both raters say the same of all, so that all agreement is chance.
 */
export function cohenKappa({ bothPass, onlyFirst, onlySecond, bothFail }: AgreementTable): number {
  const total = bothPass + onlyFirst + onlySecond + bothFail;
  const observed = (bothPass + bothFail) / total;
  const first = (bothPass + onlyFirst) / total;
  const second = (bothPass + onlySecond) / total;
  const chance = first * second + (1 - first) * (1 - second);
  return chance === 1 ? Number.NaN : (observed - chance) / (1 - chance);
}

/** Returns {@link cohenKappa} of the answers of the drawn clusters together. @param tables of each cluster */
export function kappaOf(tables: readonly AgreementTable[]): Statistic {
  return (drawn) => {
    const sum = { bothPass: 0, onlyFirst: 0, onlySecond: 0, bothFail: 0 };
    for (const at of drawn) {
      const table = tables[at]!;
      sum.bothPass += table.bothPass;
      sum.onlyFirst += table.onlyFirst;
      sum.onlySecond += table.onlySecond;
      sum.bothFail += table.bothFail;
    }
    return cohenKappa(sum);
  };
}

/** A mean of scores 0…1 over clusters, and the number of independent answers that would be as precise. */
export interface EffectiveRate {
  readonly value: number;
  /** The effective number n*; NaN if there are fewer than two clusters. */
  readonly count: number;
}

/** The normal quantile of a two-sided interval of 95 %. */
const Z = 1.959963984540054;

/**
 * Returns the mean of clustered scores with the effective sample size n* = p(1 − p) / V · (z / t)² (Korn and Graubard
 * 1998), where V is the linearised variance of the ratio mean between clusters and t has their degrees of freedom. It
 * counts the clustering and the weights: n* is at most `items`. If all scores are alike, V says nothing, and each cluster
 * counts as one answer, less if their weights differ: (Σw)² / Σw² (Kish 1965).
 * @param items the number of answers
 */
export function effectiveRate(clusters: readonly Score[], items: number): EffectiveRate {
  const used = clusters.filter(({ count }) => count > 0);
  const total = used.reduce((sum, { count }) => sum + count, 0);
  const value = used.reduce((sum, each) => sum + each.sum, 0) / total;
  if (used.length < 2) return { value, count: Number.NaN };
  const residuals = used.reduce((sum, each) => sum + (each.sum - value * each.count) ** 2, 0);
  const variance = ((used.length / (used.length - 1)) * residuals) / total ** 2;
  const kish = total ** 2 / used.reduce((sum, { count }) => sum + count ** 2, 0);
  const independent = variance > 1e-15 ? (value * (1 - value)) / variance : kish;
  const width = (Z / studentCritical(0.05, used.length - 1)) ** 2;
  return { value, count: Math.min(items, independent) * width };
}

/** Returns a rate with its 95 % score interval (Wilson 1927), which also covers at 0 and 1. */
export function rateEstimate({ value, count }: EffectiveRate): Estimate {
  const centre = (value + Z ** 2 / (2 * count)) / (1 + Z ** 2 / count);
  const half =
    (Z / (1 + Z ** 2 / count)) * Math.sqrt((value * (1 - value)) / count + Z ** 2 / (4 * count ** 2));
  return { value, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/**
 * Returns the rate of answers that truly pass, given the rate that a judge passes: (p + Sp − 1) / (Se + Sp − 1), clamped to
 * 0…1 (Rogan and Gladen 1978). NaN if the judge passes true failures at least as often as true passes.
 */
export function roganGladen(rate: number, sensitivity: number, specificity: number): number {
  const informative = sensitivity + specificity - 1;
  if (!(informative > 0)) return Number.NaN;
  return Math.min(1, Math.max(0, (rate + specificity - 1) / informative));
}

/**
 * Returns {@link roganGladen} with a 95 % interval that counts the uncertainty of all three rates (Lang and Reiczigel 2014):
 * each rate is moved towards ½ by pseudo-observations, so that a judge that made no error among the
 * labelled answers still has an error rate above zero. The interval is NaN if one of the rates has none, or if the judge's
 * sensitivity + specificity may be 1 or less.
 */
export function correctedRate(
  rate: EffectiveRate,
  sensitivity: EffectiveRate,
  specificity: EffectiveRate,
): Estimate {
  const value = roganGladen(rate.value, sensitivity.value, specificity.value);
  const p = moved(rate, Z ** 2 / 2);
  const se = moved(sensitivity, 1);
  const sp = moved(specificity, 1);
  const informative = se.value + sp.value - 1;
  const isClear = informative > Z * Math.sqrt(varianceOf(se) + varianceOf(sp));
  const truth = (p.value + sp.value - 1) / informative;
  const variance =
    (varianceOf(p) + truth ** 2 * varianceOf(se) + (1 - truth) ** 2 * varianceOf(sp)) / informative ** 2;
  const shift = 2 * Z ** 2 * (truth * varianceOf(se) - (1 - truth) * varianceOf(sp));
  if (Number.isNaN(value) || !isClear || Number.isNaN(variance)) {
    return { value, ...NO_INTERVAL };
  }
  const half = Z * Math.sqrt(variance);
  const clamped = (end: number): number => Math.min(1, Math.max(0, end));
  // The ends are of the moved rates; the value is not moved, and belongs to its interval.
  return {
    value,
    low: Math.min(value, clamped(truth + shift - half)),
    high: Math.max(value, clamped(truth + shift + half)),
  };
}

/** Adds pseudo-observations, as many passes as failures. */
const moved = ({ value, count }: EffectiveRate, each: number): EffectiveRate => ({
  value: (count * value + each) / (count + 2 * each),
  count: count + 2 * each,
});

const varianceOf = ({ value, count }: EffectiveRate): number => (value * (1 - value)) / count;
