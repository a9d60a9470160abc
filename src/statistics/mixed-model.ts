import { grouped } from '../grouped.js';
import type { Estimate } from './bootstrap.js';
import { studentCritical } from './distributions.js';

/** A value and the groups that it is in, from the outermost: for example its prompt and its dialogue. */
export interface NestedValue {
  readonly value: number;
  /** One key per level, the same number for all values. An inner key need only be unique within the outer group. */
  readonly groups: readonly (string | number)[];
  /** Its group of a factor that crosses the others, such as the training seed of the model: all values have one, or none. */
  readonly crossed?: string | number;
}

/** The mean of nested values by a mixed model, and where their variance comes from. */
export interface NestedMean {
  /**
   * Generalised least squares, with a 95 % interval by Student's t with one degree of freedom less than outermost groups, or
   * than crossed groups if they are fewer.
   */
  readonly mean: Estimate;
  /** Variance between the groups of each level, then of the values within the innermost, `[levels + 1]`. */
  readonly variances: readonly number[];
  /** Variance between the groups of the crossed factor; 0 without one. */
  readonly crossedVariance: number;
}

/**
 * Fits the mixed model value = mean + Σ group effect + residual with normal random intercepts, nested, and those of one
 * crossed factor, by restricted maximum likelihood (REML; Patterson and Thompson 1971). It is lme4's
 * `lmer(value ~ 1 + (1 | prompt / dialogue))`, with `+ (1 | training)` if values have a crossed group. Unlike the mean of
 * all values, its mean gives a prompt with many dialogues no more weight than the prompt adds to what is known. Where no
 * innermost group varies, as with seeds of a greedy model, the model is that of the groups.
 * @param values in at least two outermost groups, and more of them than innermost groups: otherwise residuals are not
 * distinct from group effects
 */
export function nestedMean(values: readonly NestedValue[]): NestedMean {
  const levels = values[0]!.groups.length;
  const crossed = [...new Set(values.flatMap((each) => each.crossed ?? []))];
  if (levels === 0) return plainMean(values.map(({ value }) => value));
  const single = crossed.length === 0 ? innermostOf(values) : null;
  if (single !== null) {
    const { mean, variances } = nestedMean(single);
    return { mean, variances: [...variances, 0], crossedVariance: 0 };
  }
  const root = treeOf(values, 0, levels, crossed);
  const sumsAt = (ratios: readonly number[]): Sums =>
    sumsOfAll(root, ratios.slice(0, levels), crossed.length, ratios[levels] ?? 0);
  const size = values.length;
  const fitted = minimise((ratios) => deviance(sumsAt(ratios), size), levels + Math.min(1, crossed.length));
  const { ones, value, square } = sumsAt(fitted);
  const residual = (square - value ** 2 / ones) / (size - 1);
  const mean = value / ones;
  const groups = Math.min(root.length, crossed.length || root.length);
  const reach = studentCritical(0.05, groups - 1) * Math.sqrt(residual / ones);
  return {
    mean: { value: mean, low: mean - reach, high: mean + reach },
    variances: [...fitted.slice(0, levels).map((ratio) => ratio * residual), residual],
    crossedVariance: (fitted[levels] ?? 0) * residual,
  };
}

function plainMean(values: readonly number[]): NestedMean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const reach = studentCritical(0.05, values.length - 1) * Math.sqrt(variance / values.length);
  return {
    mean: { value: mean, low: mean - reach, high: mean + reach },
    variances: [variance],
    crossedVariance: 0,
  };
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

/** The groups of one level within a group, or the forms of an innermost group's values, which no ratio of variances changes. */
type Tree = readonly Tree[] | Forms;

function treeOf(
  values: readonly NestedValue[],
  level: number,
  levels: number,
  crossed: readonly (string | number)[],
): readonly Tree[] {
  return [...grouped(values, ({ groups }) => groups[level]!).values()].map((own) =>
    level + 1 === levels ? formsOfValues(own, crossed) : treeOf(own, level + 1, levels, crossed),
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
 * The forms uᵀV⁻¹v of columns u and v: the ones, the values, and the indicators of the crossed groups, in this order. The
 * products are `[columns, columns]`.
 */
interface Forms {
  readonly products: Float64Array;
  logDeterminant: number;
}

const [ONES, VALUE, CROSSED] = [0, 1, 2];

/** Returns the sums of all groups. @param crossed the number of crossed groups, and `ratio` their variance */
function sumsOfAll(root: readonly Tree[], ratios: readonly number[], crossed: number, ratio: number): Sums {
  const columns = CROSSED + crossed;
  const { products, logDeterminant } = withCrossed(formsOf(root, ratios, columns), columns, ratio);
  return {
    ones: products[ONES * columns + ONES]!,
    value: products[ONES * columns + VALUE]!,
    square: products[VALUE * columns + VALUE]!,
    logDeterminant,
  };
}

/**
 * Returns the forms of independent groups. A group's own effect adds σ²·11ᵀ to the covariance of its members, whose inverse
 * and determinant follow from those of the members (Sherman and Morrison 1950).
 * @param ratios variance of each level divided by the residual variance, outermost first
 */
function formsOf(groups: readonly Tree[], [ratio, ...inner]: readonly number[], columns: number): Forms {
  const forms: Forms = { products: new Float64Array(columns ** 2), logDeterminant: 0 };
  for (const group of groups) {
    const own = 'products' in group ? group : formsOf(group, inner, columns);
    const growth = 1 + ratio! * own.products[ONES]!;
    for (let row = 0; row < columns; row++) {
      for (let column = 0; column < columns; column++) {
        forms.products[row * columns + column]! +=
          own.products[row * columns + column]! -
          (ratio! * own.products[row]! * own.products[column]!) / growth;
      }
    }
    forms.logDeterminant += own.logDeterminant + Math.log(growth);
  }
  return forms;
}

function formsOfValues(values: readonly NestedValue[], allCrossed: readonly (string | number)[]): Forms {
  const columns = CROSSED + allCrossed.length;
  const products = new Float64Array(columns ** 2);
  for (const { value, crossed } of values) {
    products[ONES * columns + ONES]! += 1;
    products[ONES * columns + VALUE]! += value;
    products[VALUE * columns + ONES]! += value;
    products[VALUE * columns + VALUE]! += value ** 2;
    if (crossed === undefined) continue;
    const group = CROSSED + allCrossed.indexOf(crossed);
    products[ONES * columns + group]! += 1;
    products[group * columns + ONES]! += 1;
    products[VALUE * columns + group]! += value;
    products[group * columns + VALUE]! += value;
    products[group * columns + group]! += 1;
  }
  return { products, logDeterminant: 0 };
}

/**
 * Adds the effects of the crossed groups to the covariance, whose indicators are Z: V + σ²·ZZᵀ. Its inverse and determinant
 * follow by eliminating the rows of I + σ²·ZᵀV⁻¹Z (Woodbury 1950). Only the forms of ones and values are left.
 */
function withCrossed({ products, logDeterminant }: Forms, columns: number, ratio: number): Forms {
  const scaled = products.map((product, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    const scale = (row < CROSSED ? 1 : Math.sqrt(ratio)) * (column < CROSSED ? 1 : Math.sqrt(ratio));
    return product * scale + (row === column && row >= CROSSED ? 1 : 0);
  });
  let log = logDeterminant;
  for (let pivot = CROSSED; pivot < columns; pivot++) {
    const size = scaled[pivot * columns + pivot]!;
    log += Math.log(size);
    for (let row = 0; row < columns; row++) {
      if (row >= CROSSED && row <= pivot) continue;
      const factor = scaled[row * columns + pivot]! / size;
      for (let column = 0; column < columns; column++) {
        scaled[row * columns + column]! -= factor * scaled[pivot * columns + column]!;
      }
    }
  }
  return { products: scaled, logDeterminant: log };
}

/** Returns −2·log of the restricted likelihood, up to a constant, with mean and residual variance profiled out. */
function deviance({ ones, value, square, logDeterminant }: Sums, size: number): number {
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
