/** Significant digits of the numbers in records: less than the arithmetic has, more than a statistic needs. */
const DIGITS = 6;

/** A number as records hold it. */
export function rounded(value: number, digits = DIGITS): number {
  return Number(value.toPrecision(digits));
}
