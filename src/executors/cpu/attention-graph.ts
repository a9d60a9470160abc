import type { AttentionBlueprint } from '../../architectures/index.js';
import type { DecoderShape } from '../contract/index.js';
import type { Graph, Value } from './onnx/graph.js';

/**
 * Attention of one layer over all keys, and once more over the target's keys alone:
 *
 *   log π = LSE_target − LSE_all       from log-weights, which do not underflow where weights do
 *   out   = out_all + c·(out_target − out_all),   c = (π′ − π) / (1 − π)
 *
 * The last line equals π′·out_target + (1−π′)·out_rest. With π′ = π it is out_all, the untouched model, bit for
 * bit and whatever the target is. Small operators cost more than their arithmetic, so their number is kept low.
 *
 * Rows are `token · group + head in group`: a key-value head's queries are one matrix.
 */

/** Inputs that the layers of one sliding window share. */
export interface WindowInputs {
  /** `[rows, keys]` or `[1, 1]`, added to logits: causality, and the window. */
  readonly mask: Value;
  /** Indices of the target's keys, `[target keys]`. */
  readonly targetKeys: Value;
  /** Which keys belong to which span outside the target, `[keys, spans]`. */
  readonly spans: Value;
  /** The same for the target's keys and the spans inside it, `[target keys, target spans]`. */
  readonly targetSpans: Value;
}

/** A layer's row map, and what its heads' output is multiplied by: 1, or 0 for a silenced head. Each `[kvHeads, rows, 1]`. */
export interface PolicyInputs {
  readonly exponent: Value;
  readonly multiplier: Value;
  readonly multiplierMinusOne: Value;
  readonly logFloor: Value;
  readonly gain: Value;
}

export interface Attended {
  /** `[1, tokens, heads · headDim]`. */
  readonly output: Value;
  /** π and π′, each `[kvHeads, rows, 1]`. */
  readonly before: Value;
  readonly after: Value;
  /** Shares before the policy, `[kvHeads, rows, spans]`. */
  readonly spanShares: Value;
  /** Shares of the target that the spans inside it hold, `[kvHeads, rows, target spans]`. */
  readonly targetSpanShares: Value;
}

/**
 * Where the policy's result would be 0/0 the share is held just below one, by more than f32 rounds and less than
 * any share is reported to.
 */
const LOG_SHARE_LIMIT = -1e-6;

/**
 * @param query `[1, tokens, group · kvHeads · headDim]`, rotated, heads in the order (group, kvHeads)
 * @param cache keys and values, `[keys, kvHeads, headDim]`, the new tokens' among them
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
  const one = graph.scalar(1);
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

  const targetLogWeights = graph.op('Gather', [logWeights, inputs.targetKeys], { axis: 2 });
  const targetWeights = graph.op('Softmax', [targetLogWeights], { axis: -1 });
  const keysInTime = graph.after(inputs.targetKeys, logWeights);
  const target = mix(targetWeights, graph.op('Gather', [cache.values, keysInTime], { axis: 0 }));
  const logShare = graph.op('Min', [
    graph.op('ReduceLogSumExp', [targetLogWeights, graph.integers(2)], { keepdims: 1 }),
    graph.scalar(LOG_SHARE_LIMIT),
  ]);

  // π → max(boost_M(π^k), ψ), of which at most one does something.
  const before = graph.op('Exp', [logShare]);
  const powered = graph.op('Exp', [
    graph.op('Max', [graph.op('Mul', [logShare, policy.exponent]), policy.logFloor]),
  ]);
  const after = graph.op('Div', [
    graph.op('Mul', [powered, policy.multiplier]),
    graph.op('Add', [graph.op('Mul', [powered, policy.multiplierMinusOne]), one]),
  ]);
  const change = graph.op('Div', [graph.op('Sub', [after, before]), graph.op('Sub', [one, before])]);
  const mixed = graph.op('Add', [all, graph.op('Mul', [graph.op('Sub', [target, all]), change])]);
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
    targetSpanShares: graph.op('MatMul', [targetWeights, inputs.targetSpans]),
  };
}
