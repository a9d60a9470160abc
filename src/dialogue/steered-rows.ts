import type { Target, TargetContext, TokenRange } from '../attention/index.js';
import { rangesOf } from './watch.js';

/** What a cache's rows were computed under: a policy changes rows by where its target lies. */
export interface SteeredRows {
  readonly target: Target;
  /** Where it lay; null when the dialogue did not have it. */
  readonly ranges: readonly TokenRange[] | null;
  /** Tokens of the prompt that it was looked for in. */
  readonly length: number;
}

export function steeredRows(target: Target, prompt: TargetContext, length: number): SteeredRows {
  return { target, ranges: rangesOf(target, prompt), length };
}

/**
 * How many rows still stand for themselves in the next prompt: those before the first token that the target has gained
 * or lost since. Where a template moves the system message on with every turn, even the token that opened it, and now
 * opens a user's message, was computed as part of the target.
 */
export function unmovedRows({ target, ranges, length }: SteeredRows, prompt: TargetContext): number {
  const now = rangesOf(target, prompt);
  if (ranges === null || now === null) return Number.POSITIVE_INFINITY;
  const first = firstDifference(ranges, now);
  return first < length ? first : Number.POSITIVE_INFINITY;
}

/** The first token that only one of two unions of ascending ranges holds. */
function firstDifference(a: readonly TokenRange[], b: readonly TokenRange[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const start = [a[index]?.start, b[index]?.start].map((token) => token ?? Number.POSITIVE_INFINITY);
    if (start[0] !== start[1]) return Math.min(...start);
    const end = [a[index]!.end, b[index]!.end];
    if (end[0] !== end[1]) return Math.min(...end);
  }
  return Number.POSITIVE_INFINITY;
}
