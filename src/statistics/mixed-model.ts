import type { Estimate } from './bootstrap.js';
import { studentCritical } from './distributions.js';

/** A value and the groups that it is in, from the outermost: for example its prompt and its dialogue. */
export interface NestedValue {
  readonly value: number;
  /** One key per level, the same number for all values. An inner key need only be unique within the outer group. */
  readonly groups: readonly (string | number)[];
}

/** The mean of nested values by a mixed model, and where their variance comes from. */
export interface NestedMean {
  /** Generalised least squares, with a 95 % interval by Student's t with one degree of freedom less than outermost groups. */
  readonly mean: Estimate;
  /** Variance between the groups of each level, then of the values within the innermost, `[levels + 1]`. */
  readonly variances: readonly number[];
}

/**
 * Fits the mixed model value = mean + Σ group effect + residual with normal random intercepts, nested, by restricted
 * maximum likelihood (REML; Patterson and Thompson 1971). It is lme4's `lmer(value ~ 1 + (1 | prompt / dialogue))` and
 * statsmodels' `MixedLM` with `re_formula="1"` and a variance component for dialogues. Unlike the mean of all values, its
 * mean gives a prompt with many dialogues no more weight than the prompt adds to what is known. Where no innermost group
 * varies, as with seeds of a greedy model, the model is that of the groups.
 * @param values in at least two outermost groups, and more of them than innermost groups: otherwise residuals are not
 * distinct from group effects
 */
export function nestedMean(values: readonly NestedValue[]): NestedMean {
  const levels = values[0]!.groups.length;
  if (levels === 0) return plainMean(values.map(({ value }) => value));
  const single = innermostOf(values);
  if (single !== null) {
    const { mean, variances } = nestedMean(single);
    return { mean, variances: [...variances, 0] };
  }
  const root = treeOf(values, 0, levels);
  const fitted = minimise((ratios) => deviance(root, values.length, ratios), levels);
  const { ones, value, square } = sumsOf(root, fitted);
  const residual = (square - value ** 2 / ones) / (values.length - 1);
  const mean = value / ones;
  const reach = studentCritical(0.05, root.length - 1) * Math.sqrt(residual / ones);
  return {
    mean: { value: mean, low: mean - reach, high: mean + reach },
    variances: [...fitted.map((ratio) => ratio * residual), residual],
  };
}

function plainMean(values: readonly number[]): NestedMean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const reach = studentCritical(0.05, values.length - 1) * Math.sqrt(variance / values.length);
  return { mean: { value: mean, low: mean - reach, high: mean + reach }, variances: [variance] };
}

/** Returns the innermost groups as values of the level above; null if one of them varies. */
function innermostOf(values: readonly NestedValue[]): NestedValue[] | null {
  const groups = new Map<string, NestedValue>();
  for (const each of values) {
    const key = JSON.stringify(each.groups);
    const first = groups.get(key) ?? each;
    if (Math.abs(first.value - each.value) > 1e-12) return null;
    groups.set(key, first);
  }
  return [...groups.values()].map(({ value, groups: own }) => ({ value, groups: own.slice(0, -1) }));
}

/** The groups of one level within a group, or the values of an innermost group. */
type Tree = readonly Tree[] | Float64Array;

function treeOf(values: readonly NestedValue[], level: number, levels: number): readonly Tree[] {
  const groups = new Map<string | number, NestedValue[]>();
  for (const value of values) {
    const key = value.groups[level]!;
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return [...groups.values()].map((own) =>
    level + 1 === levels ? Float64Array.from(own, ({ value }) => value) : treeOf(own, level + 1, levels),
  );
}

/** Quadratic forms with the inverse of the covariance matrix V of some values y, in units of the residual variance. */
interface Sums {
  /** 1ᵀV⁻¹1 */
  readonly ones: number;
  /** 1ᵀV⁻¹y */
  readonly value: number;
  /** yᵀV⁻¹y */
  readonly square: number;
  /** ln |V| */
  readonly logDeterminant: number;
}

/**
 * Returns the sums of independent groups. A group's own effect adds σ²·11ᵀ to the covariance of its members, whose inverse
 * and determinant follow from those of the members (Sherman and Morrison 1950).
 * @param ratios variance of each level divided by the residual variance, outermost first
 */
function sumsOf(groups: readonly Tree[], [ratio, ...inner]: readonly number[]): Sums {
  let [ones, value, square, logDeterminant] = [0, 0, 0, 0];
  for (const group of groups) {
    const own = group instanceof Float64Array ? sumsOfValues(group) : sumsOf(group, inner);
    const growth = 1 + ratio! * own.ones;
    ones += own.ones / growth;
    value += own.value / growth;
    square += own.square - (ratio! * own.value ** 2) / growth;
    logDeterminant += own.logDeterminant + Math.log(growth);
  }
  return { ones, value, square, logDeterminant };
}

function sumsOfValues(values: Float64Array): Sums {
  return {
    ones: values.length,
    value: values.reduce((sum, value) => sum + value, 0),
    square: values.reduce((sum, value) => sum + value ** 2, 0),
    logDeterminant: 0,
  };
}

/** Returns −2·log of the restricted likelihood, up to a constant, with mean and residual variance profiled out. */
function deviance(root: readonly Tree[], size: number, ratios: readonly number[]): number {
  const { ones, value, square, logDeterminant } = sumsOf(root, ratios);
  return logDeterminant + Math.log(ones) + (size - 1) * Math.log(square - value ** 2 / ones);
}

/** Sweeps over all ratios until none moves by more than this, in the scale of {@link ratioOf}. */
const PRECISION = 1e-9;
const MOST_SWEEPS = 200;

/** Minimises over ratios ≥ 0, one after the other by golden sections. */
function minimise(height: (ratios: readonly number[]) => number, levels: number): number[] {
  const places = Array<number>(levels).fill(0.5);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let moved = 0;
    for (const level of places.keys()) {
      const found = goldenSection((place) => height(places.with(level, place).map(ratioOf)));
      moved = Math.max(moved, Math.abs(found - places[level]!));
      places[level] = found;
    }
    if (moved < PRECISION) break;
  }
  return places.map(ratioOf);
}

/** Maps 0…1 to the ratios 0…∞. */
const ratioOf = (place: number): number => place / (1 - place);

/** Returns where a function of 0…1 with one minimum has it; an end if it is there. */
function goldenSection(height: (place: number) => number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [0, 1 - 1e-6];
  let [left, right] = [high - golden * (high - low), low + golden * (high - low)];
  let [atLeft, atRight] = [height(left), height(right)];
  while (high - low > PRECISION / 4) {
    if (atLeft <= atRight) {
      [high, right, atRight] = [right, left, atLeft];
      left = high - golden * (high - low);
      atLeft = height(left);
    } else {
      [low, left, atLeft] = [left, right, atRight];
      right = low + golden * (high - low);
      atRight = height(right);
    }
  }
  return height(0) <= height(low) ? 0 : (low + high) / 2;
}
