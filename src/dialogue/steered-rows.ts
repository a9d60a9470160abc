import type { Target, TargetContext, TokenRange } from '../attention/index.js';
import { rangesOf } from './watch.js';

/** The target that a cache's rows were computed with. The rows depend on where it was. */
export interface SteeredRows {
  readonly target: Target;
  /** Its tokens; null if the dialogue did not have it. */
  readonly ranges: readonly TokenRange[] | null;
  /** Length of the prompt in which it was found. */
  readonly length: number;
}

export function steeredRows(target: Target, prompt: TargetContext, length: number): SteeredRows {
  return { target, ranges: rangesOf(target, prompt), length };
}

/**
 * Returns the number of rows that are still valid in the next prompt: those before the first token that the target has
 * gained or lost since. If a template moves the system message with every turn, this includes the token that used to open
 * the system message and now opens a user message: it was computed as part of the target.
 */
export function unmovedRows({ target, ranges, length }: SteeredRows, prompt: TargetContext): number {
  const now = rangesOf(target, prompt);
  if (ranges === null || now === null) return Number.POSITIVE_INFINITY;
  const first = firstDifference(ranges, now);
  return first < length ? first : Number.POSITIVE_INFINITY;
}

/** Returns the first token that is in only one of two lists of ascending ranges. */
function firstDifference(a: readonly TokenRange[], b: readonly TokenRange[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const start = [a[index]?.start, b[index]?.start].map((token) => token ?? Number.POSITIVE_INFINITY);
    if (start[0] !== start[1]) return Math.min(...start);
    const end = [a[index]!.end, b[index]!.end];
    if (end[0] !== end[1]) return Math.min(...end);
  }
  return Number.POSITIVE_INFINITY;
}
