import { MESSAGE_TOKENS, SYSTEM_PREFIX_TOKENS } from './workload.mjs';

/** @typedef {{ start: number, end: number }} TokenRange */

/**
 * Returns the spans of the synthetic dialogue: sink, system message, then messages of equal length.
 *
 * @param {number} length
 * @returns {TokenRange[]} a partition of `[0, length)`
 */
export function spansUpTo(length) {
  const starts = [0, 1];
  for (let start = SYSTEM_PREFIX_TOKENS; start < length; start += MESSAGE_TOKENS) starts.push(start);
  return starts
    .filter((start) => start < length)
    .map((start, index) => ({ start, end: Math.min(starts[index + 1] ?? length, length) }));
}

/** @type {readonly TokenRange[]} the target, sink included, as `prefix` in the guide */
export const SYSTEM_PREFIX = [{ start: 0, end: SYSTEM_PREFIX_TOKENS }];
