import { remembered } from './remembered.js';

/**
 * Returns Φ(x), the cumulative distribution function of the standard normal distribution. For |x| < 3 it sums the series
 * ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …), whose terms have one sign, so that nothing cancels. In the tails it evaluates the
 * continued fraction φ(x)/(x + 1/(x + 2/(x + …))) (Abramowitz and Stegun 1964, 26.2.11 and 26.2.14).
 */
export function normalCdf(x: number): number {
  const size = Math.abs(x);
  const density = Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI);
  if (size < 3) {
    let term = x;
    let sum = x;
    for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
      term *= x ** 2 / odd;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = size;
  for (let level = 60; level > 0; level--) fraction = size + level / fraction;
  return x < 0 ? density / fraction : 1 - density / fraction;
}

/** Only shifts in the hundreds would need more steps, and there the answer is 0 or 1. */
const MOST_STEPS = 20_000;

/**
 * Returns P(|T| > bound) of the noncentral t distribution, T = (Z + shift) / S with Z standard normal and S² = χ²/ν. It
 * follows the definition: the mean over S of P(|Z + shift| > bound·S). It integrates over u = log S, whose density is
 * proportional to exp(ν(u − e^{2u}/2)), by the trapezoid rule, which converges exponentially here. Dividing by the sum of
 * the weights makes the normalising constant unnecessary. Accurate to 1e-10.
 * @param freedom degrees of freedom ν; the result is NaN for 0
 */
export function studentBeyond(bound: number, freedom: number, shift = 0): number {
  if (freedom === 0) return Number.NaN;
  // Outside this range the density is below e⁻³⁵ of its peak at 0.
  const end = Math.sqrt(35 / freedom);
  const start = -end - 35 / freedom;
  // The step resolves the width of the density, 1/√(2ν), and of the integrand, 1/shift.
  const steps = Math.min(
    MOST_STEPS,
    Math.ceil(2 * (end - start) * (Math.sqrt(2 * freedom) + Math.abs(shift) + 2)),
  );
  let weights = 0;
  let beyond = 0;
  for (let step = 0; step <= steps; step++) {
    const u = start + ((end - start) * step) / steps;
    const weight = Math.exp(freedom * (u - Math.expm1(2 * u) / 2));
    const scaled = bound * Math.exp(u);
    weights += weight;
    beyond += weight * (normalCdf(shift - scaled) + normalCdf(-shift - scaled));
  }
  return beyond / weights;
}

/**
 * Returns the critical value of a two-sided t test: the t with P(|T| > t) = `alpha` in Student's distribution. Every
 * interval over as many clusters needs the same one.
 */
export const studentCritical = remembered(
  (alpha: number, freedom: number) => rootOf((bound) => alpha - studentBeyond(bound, freedom)),
  (alpha, freedom) => `${alpha} ${freedom}`,
);

/**
 * Returns the x ≥ 0 at which a rising function reaches zero, to rounding; NaN if it never does. Uses regula falsi with
 * the Illinois rule (Dowell and Jarratt 1971): when the same end stays twice in a row, its value is halved.
 */
export function rootOf(rising: (x: number) => number): number {
  let low = 0;
  let below = rising(low);
  if (below >= 0) return low;
  let high = 1;
  let above = rising(high);
  while (!(above >= 0)) {
    if (high === Number.POSITIVE_INFINITY) return Number.NaN;
    [low, below] = [high, above];
    high *= 2;
    above = rising(high);
  }
  let moved: 'low' | 'high' | null = null;
  while (above !== 0 && high - low > 4 * Number.EPSILON * high) {
    let x = high - (above * (high - low)) / (above - below);
    if (x <= low || x >= high) x = (low + high) / 2; // rounding put x on an end: bisect
    const value = rising(x);
    if (value >= 0) {
      [high, above] = [x, value];
      if (moved === 'high') below /= 2;
      moved = 'high';
    } else {
      [low, below] = [x, value];
      if (moved === 'low') above /= 2;
      moved = 'low';
    }
  }
  return high;
}
