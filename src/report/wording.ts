import type { Estimate } from '../statistics/index.js';

/** Where a difference lies, as far as its interval says. */
export type Verdict = 'above' | 'below' | 'unclear';

/** `unclear` unless the whole interval is on one side of zero. */
export function verdictOf({ low, high }: Estimate): Verdict {
  if (low > 0) return 'above';
  return high < 0 ? 'below' : 'unclear';
}

export interface NumberStyle {
  /** After the point; 2 if not said. */
  readonly digits?: number;
  /** A difference shows its signs. */
  readonly signed?: boolean;
}

/** A number with a true minus sign, and none before what is rounded to zero. */
export function numberText(number: number, { digits = 2, signed = false }: NumberStyle = {}): string {
  const text = Math.abs(number).toFixed(digits);
  if (Number(text) === 0) return text;
  if (number < 0) return `−${text}`;
  return signed ? `+${text}` : text;
}

/** `0.93 [0.90, 0.96]`; a difference shows its signs. What has no interval, being of one cluster, stands alone. */
export function estimateText({ value, low, high }: Estimate, style: NumberStyle = {}): string {
  const text = (number: number): string => numberText(number, style);
  if (Number.isNaN(low)) return text(value);
  return `${text(value)} [${text(low)}, ${text(high)}]`;
}

/** `12 s`, `4 min`, `2 h 05 min`. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
