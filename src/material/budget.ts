import { normalize } from './normal-form.js';
import { linesIn } from './words.js';

const CURRENCY = '(?:\\p{Sc}|\\b(?:EUR|USD|GBP|CHF)\\b|\\b(?:euros?|dollars?|pounds?|francs?)\\b)';
const NUMBER =
  "\\d{1,12}(?:[., \u00a0\u202f']\\d{3})*(?:[.,]\\d{1,2})?(?!\\d)(?:\\s?(?:k|thousand|million)\\b)?";
const RANGE = `(${NUMBER})(?:\\s?(?:[-–—]|to)\\s?[€$£¥]?(${NUMBER}))?`;
const AMOUNT = new RegExp(`${CURRENCY}\\s?${RANGE}|(?<![\\d.,])${RANGE}\\s?${CURRENCY}`, 'giu');
const SUMMARY = /\b(?:totals?|budget|left|remaining|remains|altogether|in all)\b/iu;

/** Returns whether the answer names an amount of money and its amounts stay within `max` (see the rule `budget`). */
export function keepsToBudget(max: number, take: 'sum' | 'each', answer: string): boolean {
  let sum = 0;
  let named = 0;
  for (const line of linesIn(normalize(answer))) {
    const summary = SUMMARY.exec(line)?.index ?? line.length;
    for (const match of line.matchAll(AMOUNT)) {
      const amount = numberOf((match[2] ?? match[1] ?? match[4] ?? match[3])!);
      if (amount > max) return false;
      named++;
      if (match.index < summary) sum += amount;
    }
  }
  return named > 0 && (take === 'each' || sum <= max);
}

/** Parses an amount. A mark before three digits groups them (1,200 or 1.200); before one or two it starts the decimals. */
function numberOf(text: string): number {
  const digits = text.replace(/\s?[a-z]+$/iu, '');
  const decimals = /[.,](\d{1,2})$/u.exec(digits);
  const whole = digits.slice(0, decimals?.index ?? digits.length).replace(/\D/g, '');
  const scale = /million$/iu.test(text) ? 1e6 : /[a-z]$/iu.test(text) ? 1e3 : 1;
  return scale * Number(decimals === null ? whole : `${whole}.${decimals[1]}`);
}
