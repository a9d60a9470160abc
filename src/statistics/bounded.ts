import { rootOf } from './distributions.js';
import type { Range } from './range.js';
import { remembered } from './remembered.js';
import type { Statistic } from './statistic.js';

/** The ends of an interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The interval of what cannot be told. */
export const NO_INTERVAL: Interval = { low: Number.NaN, high: Number.NaN };

/**
 * The range of a ratio of means, such as stability above chance, by the means that it is made of: single clusters have no
 * range that holds for all of them.
 */
export interface RatioRange {
  /** Statistics that are means of values in a range. */
  readonly parts: readonly { readonly statistic: Statistic; readonly range: Range }[];
  /** Returns the smallest and the largest value of the ratio, given the bounded intervals of its parts; {@link NO_INTERVAL} if it has none. */
  readonly ends: (intervals: readonly Interval[]) => Interval;
}

/**
 * Returns a confidence interval for the mean of independent values of which only the range is known. The upper end is
 * Gaffke's bound (2005): the 1 − α/2 quantile of Σ Wᵢ·xᵢ over the values and one more at the top of the range, with
 * weights W that are uniform among all that sum to 1. The lower end mirrors it. For values that are 0 or 1 the interval
 * is Clopper and Pearson's (1934); for n equal values at the bottom of the range [0, 1] its upper end is 1 − (α/2)^(1/n),
 * about 3.7 / n. No case is known in which it covers less than it should (Learned-Miller and Thomas 2019).
 * {@link NO_INTERVAL} if a value is NaN.
 * @param values at least one; one outside of the range extends it
 */
export function boundedInterval(values: readonly number[], [lowest, highest]: Range, alpha = 0.05): Interval {
  if (values.some(Number.isNaN)) return NO_INTERVAL;
  const mirrored = values.map((value) => -value);
  return {
    low: 0 - upperBound(mirrored, -lowest, alpha / 2), // 0, not −0
    high: upperBound(values, highest, alpha / 2),
  };
}

/** Returns the t with P(Σ Wᵢ·xᵢ > t) = `alpha`. */
function upperBound(values: readonly number[], highest: number, alpha: number): number {
  const counts = new Map<number, number>([[Math.max(highest, ...values), 1]]);
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return upperBoundOf(counts, values.length, alpha);
}

/**
 * Does the same, given how often each value occurs, the top of the range among them, and the number of the other values. The
 * bounds of one study are often the same.
 */
const upperBoundOf = remembered(
  (counts: ReadonlyMap<number, number>, others: number, alpha: number): number => {
    const lowest = Math.min(...counts.keys());
    const reach = Math.max(...counts.keys()) - lowest;
    if (counts.get(lowest) === others) return lowest + reach * (1 - alpha ** (1 / others)); // the rule of three
    if (reach === 0) return lowest;
    return lowest + reach * rootOf((part) => alpha - probabilityBeyond(counts, lowest + reach * part));
  },
  (counts, _others, alpha) => `${[...counts].join(' ')} ${alpha}`,
);

/**
 * Returns P(Σ Wᵢ·xᵢ > bound). With W = E / Σ E for standard exponential E this is P(Σ Eᵢ·(xᵢ − bound) > 0), which is
 * ½ + 1/π ∫ sin θ(u) / (u·ρ(u)) du with θ = Σ atan(u·λᵢ), ρ = Π √(1 + u²λᵢ²) and λᵢ = xᵢ − bound (Imhof 1961). Over
 * log u the integrand falls exponentially on both sides, so the trapezoid rule is exact to rounding.
 */
function probabilityBeyond(counts: ReadonlyMap<number, number>, bound: number): number {
  let size = 0;
  let scale = 0;
  for (const [value, count] of counts) {
    size += count;
    scale = Math.max(scale, Math.abs(value - bound));
  }
  const step = Math.min(0.2, 0.8 / Math.sqrt(size)); // more values, more oscillations: the error stays below 1e-9
  let sum = 0;
  for (let logarithm = -22 - Math.log(size); ; logarithm += step) {
    const u = Math.exp(logarithm) / scale;
    let angle = 0;
    let decay = 0;
    for (const [value, count] of counts) {
      const product = u * (value - bound);
      angle += count * Math.atan(product);
      decay += (count / 2) * Math.log1p(product ** 2);
    }
    sum += Math.sin(angle) * Math.exp(-decay);
    if (decay > 30) return 0.5 + (sum * step) / Math.PI;
  }
}
