import type { Estimate } from '../measure/index.js';

/** Where a difference lies, as far as its interval says. */
export type Verdict = 'above' | 'below' | 'unclear';

/** `unclear` unless the whole interval is on one side of zero. */
export function verdictOf({ low, high }: Estimate): Verdict {
  if (low > 0) return 'above';
  return high < 0 ? 'below' : 'unclear';
}

/** `0.93 [0.90, 0.96]`; a difference shows its signs. */
export function estimateText(
  { value, low, high }: Estimate,
  { signed = false }: { readonly signed?: boolean } = {},
): string {
  const text = (number: number): string => {
    const digits = Math.abs(number).toFixed(2);
    if (Number(digits) === 0) return digits;
    if (number < 0) return `−${digits}`;
    return signed ? `+${digits}` : digits;
  };
  return `${text(value)} [${text(low)}, ${text(high)}]`;
}
