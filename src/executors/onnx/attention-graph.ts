import type { AttentionBlueprint } from '../../architectures/index.js';
import type { DecoderShape } from '../contract/index.js';
import type { Graph, Value } from './graph.js';
import type { PolicyPart } from './policy-parts.js';

/**
 * Computes the attention of one layer over all keys, and again over the keys of the side that gains:
 *
 *   log π = LSE_target − LSE_all       from log-weights, which do not underflow where weights do
 *   raised, π′ ≥ π:  out = out_all + c·(out_target − out_all),   c = (π′ − π) / (1 − π)
 *   lowered, π′ < π: out = out_all + c·(out_rest − out_all),     c = (π − π′) / π
 *
 * Both equal π′·out_target + (1−π′)·out_rest, and 0 ≤ c ≤ 1, so that nothing cancels. With π′ = π the result is
 * out_all, the untouched model, bit for bit, for any target. Under policies that only raise, only the target's keys are
 * gathered. Small operators cost more than their arithmetic, so there are as few as possible.
 *
 * A row has the index `token · group + head in group`, so that the queries of a key-value head are one matrix.
 */

/** Inputs shared by all layers with the same sliding window. */
export interface WindowInputs {
  /** `[rows, keys]` or `[1, 1]`, added to logits: causality, and the window. */
  readonly mask: Value;
  /** Indices of the keys of sides that can gain, `[side keys]`: the target's, or all. */
  readonly sideKeys: Value;
  /** `[side keys]` or `[1]`, added to their log-weights to keep only the target's keys. */
  readonly targetMask: Value;
  /** The same, to keep only the rest's keys. */
  readonly restMask: Value;
  /** 1 where a key belongs to a piece of a span, `[keys, spans]`. */
  readonly spans: Value;
  /** The same for the keys of sides that can gain, `[side keys, side spans]`. */
  readonly sideSpans: Value;
}

/** A layer's row maps and gains, each `[kvHeads, rows, 1]`. */
export type PolicyInputs = Readonly<Record<PolicyPart, Value>>;

export interface Attended {
  /** The output of attention, `[1, tokens, heads · headDim]`. */
  readonly output: Value;
  /** π, `[kvHeads, rows, 1]`. */
  readonly before: Value;
  /** π′, `[kvHeads, rows, 1]`. */
  readonly after: Value;
  /** Shares before the policy, `[kvHeads, rows, spans]`. */
  readonly spanShares: Value;
  /** Each span's fraction of the gaining side, `[kvHeads, rows, side spans]`. */
  readonly sideSpanShares: Value;
}

/**
 * The greatest log-share: it keeps the share just below 1, where the policy's result would be 0/0. The distance is more
 * than f32 rounding and less than the precision of reported shares.
 */
const LOG_SHARE_LIMIT = -1e-6;

/** The number of the element type in ONNX. */
const FLOAT32 = 1;

/**
 * Adds the attention of one layer to the graph.
 * @param query `[1, tokens, group · kvHeads · headDim]`, rotated, heads in the order (group, kvHeads)
 * @param cache keys and values, `[keys, kvHeads, headDim]`, including those of the new tokens
 */
export function attentionGraph(
  graph: Graph,
  { kvHeads, group, headDim, heads }: DecoderShape,
  { scale, scoreCap }: AttentionBlueprint,
  query: Value,
  cache: { readonly keys: Value; readonly values: Value },
  inputs: WindowInputs,
  policy: PolicyInputs,
): Attended {
  const mix = (weights: Value, values: Value): Value =>
    graph.contrib('FusedMatMul', [weights, values], { transBatchB: 1, alpha: { float: 1 } })[0]!;

  const rows = graph.op('Reshape', [query, graph.integers(-1, kvHeads, headDim)]);
  const products = graph.contrib('FusedMatMul', [rows, cache.keys], {
    transBatchA: 1,
    transB: 1,
    transBatchB: 1,
    alpha: { float: scoreCap === null ? scale : scale / scoreCap },
  })[0]!;
  const scores =
    scoreCap === null ? products : graph.op('Mul', [graph.op('Tanh', [products]), graph.scalar(scoreCap)]);
  // [kvHeads, rows, keys]
  const logWeights = graph.op('LogSoftmax', [graph.op('Add', [scores, inputs.mask])], { axis: -1 });
  const weights = graph.op('Exp', [logWeights]);
  const all = mix(weights, cache.values);

  const sideLogWeights = graph.op('Gather', [logWeights, inputs.sideKeys], { axis: 2 });
  const targetLogWeights = graph.op('Add', [sideLogWeights, inputs.targetMask]);
  const logShare = graph.op('Min', [
    graph.op('ReduceLogSumExp', [targetLogWeights, graph.integers(2)], { keepdims: 1 }),
    graph.scalar(LOG_SHARE_LIMIT),
  ]);

  // π → min(max(boost_M(π^k), ψ), κ)
  const before = graph.op('Exp', [logShare]);
  const powered = graph.op('Exp', [graph.op('Mul', [logShare, policy.exponent])]);
  const boosted = graph.op('Div', [
    powered,
    graph.op('Add', [graph.op('Mul', [powered, policy.boostSlope]), policy.boostBase]),
  ]);
  const after = graph.op('Min', [graph.op('Max', [boosted, policy.floor]), policy.cap]);

  const isRaised = graph.op('GreaterOrEqual', [after, before]);
  const sideMask = graph.op('Where', [isRaised, inputs.targetMask, inputs.restMask]);
  const sideWeights = graph.op('Softmax', [graph.op('Add', [sideLogWeights, sideMask])], { axis: -1 });
  const keysInTime = graph.after(inputs.sideKeys, logWeights);
  const side = mix(sideWeights, graph.op('Gather', [cache.values, keysInTime], { axis: 0 }));
  // 1 − π where raised, −π where lowered
  const room = graph.op('Sub', [graph.op('Cast', [isRaised], { to: FLOAT32 }), before]);
  const change = graph.op('Div', [graph.op('Sub', [after, before]), room]);
  const mixed = graph.op('Add', [all, graph.op('Mul', [graph.op('Sub', [side, all]), change])]);
  const output = graph.op('Mul', [mixed, policy.gain]);

  // [kvHeads, rows, headDim] → [1, tokens, heads · headDim]
  const byToken = graph.op(
    'Transpose',
    [graph.op('Reshape', [output, graph.integers(kvHeads, -1, group, headDim)])],
    { perm: [1, 0, 2, 3] },
  );
  return {
    output: graph.op('Reshape', [byToken, graph.integers(1, -1, heads * headDim)]),
    before,
    after,
    spanShares: graph.op('MatMul', [weights, inputs.spans]),
    sideSpanShares: graph.op('MatMul', [sideWeights, inputs.sideSpans]),
  };
}
