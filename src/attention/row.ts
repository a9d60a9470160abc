import { mapLogShare, type RowMap, softplus } from './policy.js';

/** One attention row: its weights, and the target's share before and after the policy. */
export interface Row {
  /** Weights over the visible keys, summing to one. */
  readonly weights: Float64Array;
  readonly before: number;
  readonly after: number;
  /** The row sees a key inside the target and one outside, so a policy can act on it. */
  readonly mixed: boolean;
}

/**
 * log Σ exp(x_i) over the keys on one side, and how many there are. Each side keeps its own maximum: formed
 * from one common maximum, a side that lies far below the other underflows.
 */
function logSumExp(
  logits: Float64Array,
  isTarget: Uint8Array,
  side: 0 | 1,
): { value: number; count: number } {
  let maximum = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (let i = 0; i < logits.length; i++) {
    if (isTarget[i] !== side) continue;
    count++;
    maximum = Math.max(maximum, logits[i]!);
  }
  // Nothing on this side, or only logits of −Infinity, whose weights are 0.
  if (maximum === Number.NEGATIVE_INFINITY) return { value: maximum, count };
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    if (isTarget[i] === side) sum += Math.exp(logits[i]! - maximum);
  }
  return { value: maximum + Math.log(sum), count };
}

/**
 * Softmax over the visible keys, with a share policy on the target:
 *
 *   log π = −softplus(LSE_rest − LSE_target)
 *   a_i   = π′·exp(x_i − LSE_target) inside the target, (1−π′)·exp(x_i − LSE_rest) outside
 *
 * A row with no key inside the target, or none outside, and a map that leaves π as it is, give the plain softmax.
 * @param logits `[keys]`, scaled query·key of the visible keys
 * @param isTarget `[keys]`, 1 inside the target
 */
export function attendRow(logits: Float64Array, isTarget: Uint8Array, map: RowMap): Row {
  const target = logSumExp(logits, isTarget, 1);
  const rest = logSumExp(logits, isTarget, 0);
  const gap = rest.value - target.value;
  const logShare = target.count === 0 ? Number.NEGATIVE_INFINITY : rest.count === 0 ? 0 : -softplus(gap);
  const before = Math.exp(logShare);
  const mixed = target.count > 0 && rest.count > 0;
  const mapped = mixed ? mapLogShare(logShare, map) : logShare;
  if (mapped === logShare) return { weights: softmax(logits), before, after: before, mixed };

  const after = Math.exp(mapped);
  const logRest = Math.log(-Math.expm1(mapped));
  const weights = logits.map((logit, i) =>
    isTarget[i] === 1 ? Math.exp(logit - target.value + mapped) : Math.exp(logit - rest.value + logRest),
  );
  return { weights, before, after, mixed };
}

/** Softmax of one row. */
export function softmax(logits: Float64Array): Float64Array {
  let maximum = Number.NEGATIVE_INFINITY;
  for (const logit of logits) maximum = Math.max(maximum, logit);
  const weights = logits.map((logit) => Math.exp(logit - maximum));
  let sum = 0;
  for (const weight of weights) sum += weight;
  return weights.map((weight) => weight / sum);
}
