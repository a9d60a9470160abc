import {
  type BootstrapOptions,
  bootstrap,
  halfLifeOf,
  type Point,
  type Score,
  type Statistic,
} from '../statistics/index.js';

/** Intervals from a bootstrap over fewer dialogues would promise more than they know. */
export const FEWEST_DIALOGUES = 8;

/** A number with its 95 % interval over dialogues; null where there are too few of them for one. */
export interface Measured {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** After how much a share is half what it was; `never` where it does not fall. */
export interface HalfLife {
  readonly value: number | 'never';
  readonly low: number | 'never' | null;
  readonly high: number | 'never' | null;
}

/**
 * @param dialogues how many there are
 * @returns null when the statistic is not a number: nothing was measured of it
 */
export function measure(
  dialogues: number,
  statistic: Statistic,
  options: BootstrapOptions = {},
): Measured | null {
  if (dialogues < FEWEST_DIALOGUES) {
    const value = statistic(Int32Array.from({ length: dialogues }, (_, index) => index));
    return Number.isNaN(value) ? null : { value, low: null, high: null };
  }
  const { value, low, high } = bootstrap(dialogues, statistic, { expanded: true, ...options });
  return Number.isNaN(value) ? null : { value, low, high };
}

/** @returns null with fewer than two points, or where a share is 0 */
export function measureHalfLife(dialogues: number, points: readonly Point[]): HalfLife | null {
  const found = measure(dialogues, halfLifeOf(points));
  if (found === null) return null;
  const { value, low, high } = found;
  return {
    value: orNever(value),
    low: low === null ? null : orNever(low),
    high: high === null ? null : orNever(high),
  };
}

const orNever = (value: number): number | 'never' => (Number.isFinite(value) ? value : 'never');

/** A score of nothing, for a dialogue that has none. */
export const NO_SCORE: Score = { sum: 0, count: 0 };
