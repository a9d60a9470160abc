/** Significant digits of numbers in records: fewer than the arithmetic has, more than statistics need. */
const DIGITS = 6;

/** Rounds a number to the significant digits of records. */
export function rounded(value: number, digits = DIGITS): number {
  return Number(value.toPrecision(digits));
}
