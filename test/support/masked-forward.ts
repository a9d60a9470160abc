import { type Blueprint, ropeFrequencies } from '../../src/architectures/index.js';
import { softCap } from '../../src/attention/index.js';
import { addInto, geluTanh, linear, rmsNorm, rotate, silu } from '../../src/executors/reference/math.js';
import type { LayerWeights, ReferenceWeights } from '../../src/executors/reference/weights.js';

/** Context length of the sequences compared with these runs: some ropes depend on it. */
const CONTEXT_LENGTH = 512;

/** Returns whether a key is hidden from a query, in addition to later keys and keys outside the window. */
export type Masked = (query: number, key: number, window: number | null) => boolean;

export interface MaskedRun {
  /** `[tokens, vocab]`. */
  readonly logits: Float64Array;
  /** For each layer, `[heads, tokens, tokens]`. */
  readonly attention: readonly Float64Array[];
}

/**
 * Runs a forward pass with masked keys, whose logits are −∞ before the softmax, layer by layer over the whole sequence. It
 * has no policies and no cache, and shares only arithmetic and weights with the executors.
 */
export function maskedForward(
  blueprint: Blueprint,
  weights: ReferenceWeights,
  ids: readonly number[],
  masked: Masked,
): MaskedRun {
  const { hiddenSize, embeddingScale, residualScale, logitScale, logitCap, normEpsilon } = blueprint;
  const norm = (x: Float64Array, weight: Float32Array | undefined): Float64Array =>
    weight === undefined ? x : rmsNorm(x, weight, normEpsilon);
  const states = ids.map((id) =>
    Float64Array.from(
      weights.embedding.subarray(id * hiddenSize, (id + 1) * hiddenSize),
      (x) => x * embeddingScale,
    ),
  );
  const attention = blueprint.layers.map((layer, index) => {
    const own = weights.layers[index]!;
    const normed = states.map((state) => norm(state, own.attentionNorm));
    const { outputs, rows } = attend(blueprint, index, own, normed, masked);
    for (const [t, state] of states.entries()) {
      const mixed = linear(outputs[t]!, own.output!, own.outputBias);
      addInto(state, norm(mixed, own.postAttentionNorm), residualScale);
      const x = norm(state, own.mlpNorm);
      const act = layer.mlp.activation === 'silu' ? silu : geluTanh;
      const up = linear(x, own.up!);
      const fed = linear(
        linear(x, own.gate!).map((g, i) => act(g) * up[i]!),
        own.down!,
      );
      addInto(state, norm(fed, own.postMlpNorm), residualScale);
    }
    return rows;
  });
  const logits = states.flatMap((state) => [
    ...linear(norm(state, weights.finalNorm), weights.head).map((logit) =>
      softCap(logitScale * logit, logitCap),
    ),
  ]);
  return { logits: Float64Array.from(logits), attention };
}

function attend(
  blueprint: Blueprint,
  index: number,
  own: LayerWeights,
  normed: readonly Float64Array[],
  masked: Masked,
): { outputs: Float64Array[]; rows: Float64Array } {
  const { heads, kvHeads, headDim, scale, scoreCap, window, rope, queryKeyNorm } =
    blueprint.layers[index]!.attention;
  const frequencies = rope === null ? null : ropeFrequencies(rope, CONTEXT_LENGTH);
  const project = (x: Float64Array, position: number, which: 'query' | 'key'): Float64Array => {
    const plain = linear(x, own[which]!, own[`${which}Bias`]);
    const vector =
      queryKeyNorm === null ? plain : rmsNorm(plain, own[`${which}Norm`]!, blueprint.normEpsilon);
    if (frequencies === null) return vector;
    const { inverseFrequencies, amplitude } = frequencies;
    const angles = inverseFrequencies.map((frequency) => position * frequency);
    rotate(
      vector,
      headDim,
      angles.map((angle) => amplitude * Math.cos(angle)),
      angles.map((angle) => amplitude * Math.sin(angle)),
    );
    return vector;
  };
  const queries = normed.map((x, t) => project(x, t, 'query'));
  const keys = normed.map((x, t) => project(x, t, 'key'));
  const values = normed.map((x) => linear(x, own.value!, own.valueBias));

  const tokens = normed.length;
  const rows = new Float64Array(heads * tokens * tokens);
  const outputs = normed.map(() => new Float64Array(heads * headDim));
  for (let head = 0; head < heads; head++) {
    const kv = Math.floor((head * kvHeads) / heads) * headDim;
    for (let query = 0; query < tokens; query++) {
      const row = rows.subarray((head * tokens + query) * tokens, (head * tokens + query + 1) * tokens);
      for (let key = 0; key < tokens; key++) {
        const seen = key <= query && (window === null || key > query - window) && !masked(query, key, window);
        let logit = 0;
        for (let d = 0; d < headDim; d++) logit += queries[query]![head * headDim + d]! * keys[key]![kv + d]!;
        row[key] = seen ? Math.exp(softCap(scale * logit, scoreCap)) : 0; // the fixtures' logits are small
      }
      const total = row.reduce((a, b) => a + b, 0);
      for (let key = 0; key < tokens; key++) {
        row[key]! /= total;
        for (let d = 0; d < headDim; d++) {
          outputs[query]![head * headDim + d]! += row[key]! * values[key]![kv + d]!;
        }
      }
    }
  }
  return { outputs, rows };
}
