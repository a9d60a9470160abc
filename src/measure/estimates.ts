import {
  type BootstrapOptions,
  bootstrap,
  halfLifeOf,
  type Point,
  type Score,
  type Statistic,
} from '../statistics/index.js';

/** The smallest number of dialogues that get an interval; a bootstrap over fewer is too narrow. */
export const FEWEST_DIALOGUES = 8;

/** A number with its 95 % interval over dialogues; the ends are null if there are too few dialogues, or it does not vary. */
export interface Measured {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** The half-life of a share with its interval; `never` if the share does not fall. */
export interface HalfLife {
  readonly value: number | 'never';
  readonly low: number | 'never' | null;
  readonly high: number | 'never' | null;
}

/**
 * Estimates a statistic over dialogues.
 * @param dialogues the number of dialogues
 * @returns null if the statistic is NaN, because nothing was measured
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
  return Number.isNaN(value) ? null : { value, low: orNull(low), high: orNull(high) };
}

const orNull = (end: number): number | null => (Number.isNaN(end) ? null : end);

/** Estimates a half-life over dialogues; null with fewer than two points, or if a share is 0. */
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

/** The score of a dialogue without scores. */
export const NO_SCORE: Score = { sum: 0, count: 0 };
