import type { Estimate } from './bootstrap.js';
import { NO_INTERVAL } from './bounded.js';
import { studentCritical } from './distributions.js';
import type { Score } from './statistic.js';

/** An effect in one study, here a model, with its squared standard error. */
export interface StudyEffect {
  readonly value: number;
  readonly variance: number;
}

/** An effect pooled over models that are a sample of more; see {@link randomEffects}. */
export interface PooledEffect {
  /** Number of models. */
  readonly studies: number;
  /** The mean effect over all such models. */
  readonly mean: Estimate;
  /** τ²: the variance of the true effects between models. */
  readonly betweenVariance: number;
  /** I²: the part of the variance of the estimates that is between models, 0…1. */
  readonly heterogeneity: number;
  /** The 95 % interval of the true effect in one more model; NaN for fewer than three. */
  readonly prediction: { readonly low: number; readonly high: number };
}

/**
 * Returns the covariance of two means Σ sum / Σ count over the same n clusters, linearised as in `clusterDeviation`:
 * n / (n − 1) · Σ uᵢ·vᵢ, where uᵢ = (sumᵢ − mean·countᵢ) / Σ count. Of a mean with itself it is the squared standard error.
 * @param left one score per cluster, at least two
 * @param right one score per cluster, in the same order; empty for a cluster that only the left mean has
 */
export function covarianceOfMeans(left: readonly Score[], right: readonly Score[]): number {
  const [ofLeft, ofRight] = [influencesOf(left), influencesOf(right)];
  const products = ofLeft.reduce((sum, influence, at) => sum + influence * ofRight[at]!, 0);
  return (left.length / (left.length - 1)) * products;
}

/** Returns what each cluster adds to the error of the mean. */
function influencesOf(scores: readonly Score[]): number[] {
  const { sum: total, count: all } = scores.reduce((one, other) => ({
    sum: one.sum + other.sum,
    count: one.count + other.count,
  }));
  return scores.map(({ sum, count }) => (sum - (total / all) * count) / all);
}

const MOST_STEPS = 10_000;

/**
 * Pools effects by the random-effects model: yᵢ = μ + uᵢ + eᵢ, where the true effects μ + uᵢ of models have the variance τ²
 * and eᵢ the known variance vᵢ.
 *
 * - τ² by restricted maximum likelihood (Viechtbauer 2005, eq. 11).
 * - μ is the mean with the weights wᵢ = 1 / (vᵢ + τ²). Its interval is Knapp and Hartung's (2003): μ ± t·√(q / Σ wᵢ), with
 *   k − 1 degrees of freedom and q = Σ wᵢ (yᵢ − μ)² / (k − 1), but at least 1, so that effects that agree by chance do not
 *   give an interval without width (Röver et al. 2015).
 * - I² = 1 − (k − 1) / Q, at least 0, where Q = Σ (yᵢ − μ)² / vᵢ at τ² = 0 (Higgins and Thompson 2002).
 * - The interval of prediction is μ ± t·√(τ² + variance of μ), with k − 2 degrees of freedom (Higgins et al. 2009).
 *
 * Models that ran the same dialogues also share a part of their errors: an easy dialogue is easy for all. More models do
 * not remove it. `shared` is its variance, the mean covariance of two models' estimates; it is taken out of every vᵢ and
 * added to the variance of μ.
 *
 * NaN, except for the number, for fewer than two effects or a variance that is not above zero.
 * @param shared at least 0; counted only up to nine tenths of the smallest vᵢ
 */
export function randomEffects(effects: readonly StudyEffect[], shared = 0): PooledEffect {
  const studies = effects.length;
  if (studies < 2 || effects.some(({ variance }) => !(variance > 0))) return { studies, ...UNKNOWN };
  const common = Math.min(shared, 0.9 * Math.min(...effects.map(({ variance }) => variance)));
  const own = effects.map(({ value, variance }) => ({ value, variance: variance - common }));
  const betweenVariance = restrictedMaximumLikelihood(own);
  const { mean, weights, squares } = weighted(own, betweenVariance);
  const variance = Math.max(1, squares / (studies - 1)) / weights + common;
  const cochran = weighted(own, 0).squares;
  return {
    studies,
    mean: { value: mean, ...around(mean, variance, studies - 1) },
    betweenVariance,
    heterogeneity: cochran > studies - 1 ? 1 - (studies - 1) / cochran : 0,
    prediction: around(mean, betweenVariance + variance, studies - 2),
  };
}

const UNKNOWN = {
  mean: { value: Number.NaN, ...NO_INTERVAL },
  betweenVariance: Number.NaN,
  heterogeneity: Number.NaN,
  prediction: NO_INTERVAL,
};

/** Returns the interval of t with the given degrees of freedom. */
function around(
  mean: number,
  variance: number,
  freedom: number,
): { readonly low: number; readonly high: number } {
  if (freedom < 1) return NO_INTERVAL;
  const width = studentCritical(0.05, freedom) * Math.sqrt(variance);
  return { low: mean - width, high: mean + width };
}

/** Returns the weighted mean, Σ wᵢ, and Σ wᵢ (yᵢ − μ)². */
function weighted(effects: readonly StudyEffect[], betweenVariance: number) {
  const each = effects.map(({ value, variance }) => ({ value, weight: 1 / (variance + betweenVariance) }));
  const weights = each.reduce((sum, { weight }) => sum + weight, 0);
  const mean = each.reduce((sum, { value, weight }) => sum + weight * value, 0) / weights;
  const squares = each.reduce((sum, { value, weight }) => sum + weight * (value - mean) ** 2, 0);
  return { mean, weights, squares };
}

/** Returns τ² ≥ 0. Iterates τ² = Σ wᵢ² ((yᵢ − μ)² − vᵢ) / Σ wᵢ² + 1 / Σ wᵢ, from the variance of the effects. */
function restrictedMaximumLikelihood(effects: readonly StudyEffect[]): number {
  let between =
    weighted(
      effects.map(({ value }) => ({ value, variance: 1 })),
      0,
    ).squares /
    (effects.length - 1);
  for (let step = 0; step < MOST_STEPS; step++) {
    const { mean, weights } = weighted(effects, between);
    let above = 0;
    let squared = 0;
    for (const { value, variance } of effects) {
      const weight = 1 / (variance + between);
      squared += weight ** 2;
      above += weight ** 2 * ((value - mean) ** 2 - variance);
    }
    const next = Math.max(0, above / squared + 1 / weights);
    if (Math.abs(next - between) <= 1e-12 * (next + between)) return next;
    between = next;
  }
  return between;
}
