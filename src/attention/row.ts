import { mapLogShare, type RowMap, softplus } from './row-map.js';

/** One attention row: its weights, and the target's share before and after the policy. */
export interface Row {
  /** Weights over the visible keys, summing to one. */
  readonly weights: Float64Array;
  readonly before: number;
  readonly after: number;
}

/**
 * Returns log Σ exp(x_i) over the keys on one side; −∞ if it has none. Each side has its own maximum: with a common
 * maximum, a side far below the other would underflow.
 */
function logSumExp(logits: Float64Array, isTarget: Uint8Array, side: 0 | 1): number {
  let maximum = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) {
    if (isTarget[i] === side) maximum = Math.max(maximum, logits[i]!);
  }
  // This side is empty, or all its logits are −∞ and its weights 0.
  if (maximum === Number.NEGATIVE_INFINITY) return maximum;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    if (isTarget[i] === side) sum += Math.exp(logits[i]! - maximum);
  }
  return maximum + Math.log(sum);
}

/**
 * Returns the softmax over the visible keys, with a share policy on the target:
 *
 *   log π = −softplus(LSE_rest − LSE_target)
 *   a_i   = π′·exp(x_i − LSE_target) inside the target, (1−π′)·exp(x_i − LSE_rest) outside
 *
 * Returns the plain softmax if the row has no key inside the target or none outside, or if the map leaves π unchanged.
 * @param logits `[keys]`, scaled query·key of the visible keys
 * @param isTarget `[keys]`, 1 inside the target
 */
export function attendRow(logits: Float64Array, isTarget: Uint8Array, map: RowMap): Row {
  const target = logSumExp(logits, isTarget, 1);
  const rest = logSumExp(logits, isTarget, 0);
  const oneSided = target === Number.NEGATIVE_INFINITY || rest === Number.NEGATIVE_INFINITY;
  const logShare = -softplus(rest - target);
  const mapped = oneSided ? logShare : mapLogShare(logShare, map);
  const before = Math.exp(logShare);
  if (mapped === logShare) return { weights: softmax(logits), before, after: before };

  const after = Math.exp(mapped);
  const logRest = Math.log(-Math.expm1(mapped));
  const weights = logits.map((logit, i) =>
    isTarget[i] === 1 ? Math.exp(logit - target + mapped) : Math.exp(logit - rest + logRest),
  );
  return { weights, before, after };
}

/** Returns the softmax of one row. */
export function softmax(logits: Float64Array): Float64Array {
  let maximum = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) maximum = Math.max(maximum, logits[i]!);
  const weights = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    weights[i] = Math.exp(logits[i]! - maximum);
    sum += weights[i]!;
  }
  for (let i = 0; i < weights.length; i++) weights[i]! /= sum;
  return weights;
}
