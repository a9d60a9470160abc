import type { Estimate } from '../statistics/index.js';

/** The side of zero that the interval of a difference is on. */
export type Verdict = 'above' | 'below' | 'unclear';

/** Returns the side of zero that the whole interval is on; `unclear` if it includes zero. */
export function verdictOf({ low, high }: Estimate): Verdict {
  if (low > 0) return 'above';
  return high < 0 ? 'below' : 'unclear';
}

/** How numbers are written. */
export interface NumberStyle {
  /** Decimal places; default: 2. */
  readonly digits?: number;
  /** Whether positive numbers get a plus sign; default: no. */
  readonly signed?: boolean;
  /** How an infinite number is written, for example `not reached`; default: `Infinity`. */
  readonly infinite?: string;
}

/** Returns a number as text, with a proper minus sign, and without a sign if it rounds to zero. */
export function numberText(
  number: number,
  { digits = 2, signed = false, infinite = 'Infinity' }: NumberStyle = {},
): string {
  if (Math.abs(number) === Number.POSITIVE_INFINITY) return number < 0 ? `−${infinite}` : infinite;
  const text = Math.abs(number).toFixed(digits);
  if (Number(text) === 0) return text;
  if (number < 0) return `−${text}`;
  return signed ? `+${text}` : text;
}

/**
 * Returns `0.93 [0.90, 0.96]`, or only the value if there is no interval, or if all are infinite. If a signed interval
 * excludes zero, a number of it that would round to zero gets the digits that show it.
 */
export function estimateText({ value, low, high }: Estimate, style: NumberStyle = {}): string {
  if (Number.isNaN(low) || (low === high && !Number.isFinite(low))) return numberText(value, style);
  const excludesZero = style.signed === true && verdictOf({ value, low, high }) !== 'unclear';
  const text = (number: number): string =>
    excludesZero ? unroundedText(number, style) : numberText(number, style);
  return `${text(value)} [${text(low)}, ${text(high)}]`;
}

/** Returns a number with as many digits as it needs not to be written as zero, unless it is zero. */
function unroundedText(number: number, { digits = 2, ...style }: NumberStyle): string {
  const needed = number === 0 ? 0 : Math.min(100, Math.ceil(-Math.log10(Math.abs(number))));
  return numberText(number, { ...style, digits: Math.max(digits, needed) });
}

/** Returns a duration such as `12 s`, `4 min` or `2 h 05 min`. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
