import type { RoundSum } from '../plan/index.js';

/** Significant digits of numbers in records: fewer than the arithmetic has, more than statistics need. */
const DIGITS = 6;

/** Rounds a number to the significant digits of records. */
export function rounded(value: number, digits = DIGITS): number {
  return Number(value.toPrecision(digits));
}

/** Returns the sums of rounds as records have them. */
export const roundedSums = (rounds: readonly RoundSum[]): RoundSum[] =>
  rounds.map(({ round, sum, count }) => ({ round, sum: rounded(sum), count }));
