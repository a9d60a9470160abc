import type { AttentionBlueprint } from '../../architectures/index.js';
import type { GraphShape } from './graph-shape.js';
import type { Graph, Value } from './onnx/graph.js';

/**
 * Attention of one layer over three sets of keys: the past (a view of the cache), the new tokens, and the
 * target, which is gathered from both. Each set has a softmax of its own, and sets are put together by their
 * log-sum-exps, so that
 *
 *   out_all = Σ over past and new            the untouched model, whatever the target is
 *   π       = exp(LSE_target − LSE_all)      never formed from a common maximum
 *   out     = out_all + c·(out_target − out_all),   c = (π′ − π) / (1 − π)
 *
 * The last line equals π′·out_target + (1−π′)·out_rest; with π′ = π it is out_all, bit for bit.
 * Rows are `token · group + head in group`, so that a key-value head's queries are one matrix.
 */

/** Per-window inputs: how many past keys there are differs from window to window. */
export interface WindowInputs {
  /** `[]`: 0, or a large negative number when the past is empty and its one key a stand-in. */
  readonly gate: Value;
  /** `[rows, past keys]` (or `[1, 1]`), added to logits; null for layers without a window. */
  readonly pastMask: Value | null;
  /** `[rows, new tokens]`, added to logits: causality, and the window. */
  readonly newMask: Value;
  /** Past keys of the target, `[target keys in the past]`. */
  readonly targetPast: Value;
  /** Which past keys belong to which span outside the target, `[past keys, spans]`. */
  readonly pastSpans: Value;
  /** The same for the target's keys and the spans inside it, `[target keys, target spans]`. */
  readonly targetSpans: Value;
}

/** Inputs that all layers share. */
export interface AttentionInputs {
  readonly windows: readonly WindowInputs[];
  /** New tokens of the target, `[target keys among the new]`. */
  readonly targetNew: Value;
  /** `[new tokens, spans]`. */
  readonly newSpans: Value;
}

/** A layer's row map, each `[1, kvHeads, rows, 1]`. */
export interface PolicyInputs {
  readonly exponent: Value;
  readonly multiplier: Value;
  readonly multiplierMinusOne: Value;
  readonly logFloor: Value;
}

/** Query `[1, tokens, heads · headDim]`, key and value `[tokens, kvHeads, headDim]`, rotated. */
export interface Projected {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
}

export interface Attended {
  /** `[1, tokens, heads · headDim]`. */
  readonly output: Value;
  /** π and π′: `[kvHeads, rows, 1]`, `[1, kvHeads, rows, 1]`. */
  readonly before: Value;
  readonly after: Value;
  /** The past's part of all attention, `[kvHeads, rows, 1]`. */
  readonly pastWeight: Value;
  /** Shares within their own set, `[kvHeads, rows, spans]`. */
  readonly pastSpanShares: Value;
  readonly newSpanShares: Value;
  readonly targetSpanShares: Value;
}

export function attentionGraph(
  graph: Graph,
  shape: GraphShape,
  layer: number,
  { scale }: AttentionBlueprint,
  projected: Projected,
  cache: { readonly keys: Value; readonly values: Value },
  inputs: AttentionInputs,
  policy: PolicyInputs,
): Attended {
  const { kvHeads, group, headDim, heads } = shape;
  const window = inputs.windows[shape.windowOf[layer]!]!;
  const one = graph.scalar(1);

  const score = (keys: Value): Value =>
    graph.contrib('FusedMatMul', [query, keys], { transB: 1, transBatchB: 1, alpha: { float: scale } })[0]!;
  const mix = (weights: Value, values: Value): Value =>
    graph.contrib('FusedMatMul', [weights, values], { transBatchB: 1, alpha: { float: 1 } })[0]!;

  // [1, tokens, heads · headDim] → [kvHeads, rows, headDim]
  const byHead = graph.op('Reshape', [projected.query, graph.integers(-1, kvHeads, group, headDim)]);
  const query = graph.op('Reshape', [
    graph.op('Transpose', [byHead], { perm: [1, 0, 2, 3] }),
    graph.integers(kvHeads, -1, headDim),
  ]);

  const pastLogits =
    window.pastMask === null ? score(cache.keys) : graph.op('Add', [score(cache.keys), window.pastMask]);
  const newLogits = graph.op('Add', [score(projected.key), window.newMask]);
  const past = softmaxWithLse(graph, pastLogits);
  const fresh = softmaxWithLse(graph, newLogits);
  const pastOutput = mix(past.weights, cache.values);
  const newOutput = mix(fresh.weights, projected.value);

  // A query always sees itself, so the new tokens' LSE is finite and everything is relative to it.
  const gap = graph.op('Sub', [graph.op('Add', [past.lse, window.gate]), fresh.lse]);
  const pastWeight = graph.op('Sigmoid', [gap]);
  const all = graph.op('Add', [
    newOutput,
    graph.op('Mul', [pastWeight, graph.op('Sub', [pastOutput, newOutput])]),
  ]);
  const lseAll = graph.op('Add', [fresh.lse, graph.op('Softplus', [gap])]);

  const gatherBoth = (fromPast: Value, fromNew: Value, axis: number): Value =>
    graph.op(
      'Concat',
      [
        graph.op('Gather', [fromPast, window.targetPast], { axis }),
        graph.op('Gather', [fromNew, inputs.targetNew], { axis }),
      ],
      { axis },
    );
  const target = softmaxWithLse(graph, gatherBoth(pastLogits, newLogits, 2));
  const targetOutput = mix(target.weights, gatherBoth(cache.values, projected.value, 0));

  // π → max(boost_M(π^k), ψ); the logarithm is at most 0, but for rounding.
  const logShare = graph.op('Min', [graph.op('Sub', [target.lse, lseAll]), graph.scalar(0)]);
  const before = graph.op('Exp', [logShare]);
  const powered = graph.op('Exp', [
    graph.op('Max', [graph.op('Mul', [logShare, policy.exponent]), policy.logFloor]),
  ]);
  const after = graph.op('Div', [
    graph.op('Mul', [powered, policy.multiplier]),
    graph.op('Add', [graph.op('Mul', [powered, policy.multiplierMinusOne]), one]),
  ]);
  // At π = 1 both differences are 0: the divisor only has to keep 0/0 away.
  const change = graph.op('Div', [
    graph.op('Sub', [after, before]),
    graph.op('Max', [graph.op('Sub', [one, before]), graph.scalar(1e-9)]),
  ]);
  const output = graph.op('Add', [all, graph.op('Mul', [graph.op('Sub', [targetOutput, all]), change])]);

  // [1, kvHeads, rows, headDim] → [1, tokens, heads · headDim]
  const split = graph.op('Reshape', [output, graph.integers(kvHeads, -1, group, headDim)]);
  const sum = (weights: Value, spans: Value): Value => graph.op('MatMul', [weights, spans]);
  return {
    output: graph.op('Reshape', [
      graph.op('Transpose', [split], { perm: [1, 0, 2, 3] }),
      graph.integers(1, -1, heads * headDim),
    ]),
    before,
    after,
    pastWeight,
    pastSpanShares: sum(past.weights, window.pastSpans),
    newSpanShares: sum(fresh.weights, inputs.newSpans),
    targetSpanShares: sum(target.weights, window.targetSpans),
  };
}

/**
 * Softmax over the last axis and its log-sum-exp `[.., 1]`, as max x − log(max softmax(x)): two cheap maxima,
 * where a second pass of exponentials would cost as much as the softmax itself.
 */
function softmaxWithLse(graph: Graph, logits: Value): { weights: Value; lse: Value } {
  const weights = graph.op('Softmax', [logits], { axis: -1 });
  const maximum = (value: Value): Value => graph.op('ReduceMax', [value, graph.integers(2)], { keepdims: 1 });
  return { weights, lse: graph.op('Sub', [maximum(logits), graph.op('Log', [maximum(weights)])]) };
}
