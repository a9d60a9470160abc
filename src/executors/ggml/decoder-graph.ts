import type { LayerWeight } from '../../architectures/index.js';
import type { DecoderShape } from '../contract/index.js';
import type { Attended } from './attention-graph.js';
import type { DecoderParts, PassInputs, Rotation } from './decoder-parts.js';
import type { GraphBuilder } from './graph-builder.js';
import { LayerAttention } from './layer-attention.js';
import { linear, normed, splitRows } from './linear.js';
import type { PassPlan } from './pass-plan.js';
import type { Value } from './tensor.js';
import type { LayerMatrices } from './weights.js';

/** The outputs of a graph. */
export interface PassOutputs {
  /** `[vocab, logit rows]`; null if none are wanted. */
  readonly logits: Value | null;
  /** Their softmax; null if it is not wanted. */
  readonly probabilities: Value | null;
  /** By layer and group. */
  readonly attended: readonly (readonly Attended[])[];
  /** Hidden states that are tapped, `[hidden, rows]`. */
  readonly hidden: ReadonlyMap<number, Value>;
}

/** Upper bound of the tensors of a graph: inputs, operations and views. */
export function nodesOf({ layers, windows }: DecoderShape, groups: number): number {
  return 64 + groups * (2 + 5 * windows.length) + layers * (64 + 72 * groups);
}

/** Builds the graph of a pass. */
export class DecoderGraph {
  readonly inputs: PassInputs;
  readonly outputs: PassOutputs;
  readonly #attention: LayerAttention;

  constructor(
    private readonly g: GraphBuilder,
    private readonly parts: DecoderParts,
    private readonly plan: PassPlan,
    /** One for each distinct rotary embedding. */
    rotations: readonly Rotation[],
  ) {
    this.inputs = this.#inputs();
    this.#attention = new LayerAttention(g, parts, plan, this.inputs, rotations);
    this.outputs = this.#outputs();
  }

  #inputs(): PassInputs {
    const { g, plan } = this;
    const { kvHeads, headDim, heads, layers, group } = this.parts.shape;
    // Places are counted from where a layer's part of the first slot begins, so the last layer has the fewest.
    const places = (plan.arena.slots - 1) * plan.arena.slotSize + plan.arena.layerSize;
    return {
      tokens: g.indices('I32', this.parts.blueprint.vocabSize, plan.rows),
      positions: g.input('I32', plan.rows),
      keyPlaces: g.indices('I64', places / headDim, kvHeads * plan.rows),
      valuePlaces: g.indices('I64', places, kvHeads * headDim * plan.rows),
      logitRows: plan.logitRows.length === 0 ? null : g.indices('I32', plan.rows, plan.logitRows.length),
      groups: plan.groups.map(({ tokens, parts, windows, fused, columns, policy, silences }) => {
        const sequences = parts.length;
        const rows = tokens === 1 ? group : tokens;
        return {
          windows: windows.map(({ start, end, stretch }) => ({
            mask: g.input('F16', end - start, rows, 1, sequences),
            columns: fused || columns === 0 ? null : g.input('F32', end - start, columns, 1, sequences),
            values: fused ? g.input('F16', headDim + columns, end - start, kvHeads) : null,
            target: policy?.raises ? g.input('F16', stretch.end - stretch.start, rows, 1, sequences) : null,
            rest: policy?.lowers ? g.input('F16', end - start, rows, 1, sequences) : null,
            mixed: policy === null || tokens === 1 ? null : g.input('F32', 1, tokens),
          })),
          numbers:
            policy === null || policy.parts.length === 0
              ? null
              : g.input('F32', heads, sequences, layers, policy.parts.length),
          gains: silences ? g.input('F32', heads, sequences, layers) : null,
        };
      }),
    };
  }

  #outputs(): PassOutputs {
    const { g, plan, inputs } = this;
    const { blueprint, weights } = this.parts;
    const last = blueprint.layers.length - 1;
    const hidden = new Map<number, Value>();
    const tap = (index: number, state: Value): void => {
      if (plan.hiddenTaps.includes(index)) hidden.set(index, g.output(state));
    };
    // Only the rows whose logits are wanted go through the rest of the last layer, unless its result is tapped.
    const picksEarly = !plan.hiddenTaps.includes(last + 1) && plan.logitRows.length < plan.rows;
    const pick = (value: Value): Value => g.getRows(value, inputs.logitRows!);
    const attended: (readonly Attended[])[] = [];

    let state = g.scale(g.getRows(weights.embedding, inputs.tokens), blueprint.embeddingScale);
    for (const [index, layer] of blueprint.layers.entries()) {
      const matrices = weights.layers[index]!;
      tap(index, state);
      const { outputs, joined } = this.#attention.of(index, this.#norm(state, matrices, 'attentionNorm'));
      attended.push(outputs);
      if (index === last && picksEarly && plan.logitRows.length === 0) break;
      let mixed = linear(g, joined, matrices.output);
      if (index === last && picksEarly) [mixed, state] = [pick(mixed), pick(state)];
      state = this.#add(state, mixed, matrices, 'postAttentionNorm');
      const fed = this.#mlp(this.#norm(state, matrices, 'mlpNorm'), matrices, layer.mlp.activation);
      state = this.#add(state, fed, matrices, 'postMlpNorm');
    }
    if (inputs.logitRows === null && !plan.hiddenTaps.includes(last + 1)) {
      return { logits: null, probabilities: null, attended, hidden };
    }
    const final = g.multiply(g.rmsNorm(state, blueprint.normEpsilon), weights.finalNorm);
    tap(last + 1, final);
    if (inputs.logitRows === null) return { logits: null, probabilities: null, attended, hidden };
    const picked = picksEarly ? final : pick(final);
    const logits = g.scale(linear(g, picked, weights.head), blueprint.logitScale);
    const { logitCap: cap } = blueprint;
    const capped = cap === null ? logits : g.scale(g.tanh(g.scale(logits, 1 / cap)), cap);
    const probabilities = plan.probabilities ? g.output(g.softmax(capped, null, 1)) : null;
    return { logits: g.output(capped), probabilities, attended, hidden };
  }

  #add(state: Value, branch: Value, matrices: LayerMatrices, norm: LayerWeight): Value {
    const { g } = this;
    return g.add(state, g.scale(this.#norm(branch, matrices, norm), this.parts.blueprint.residualScale));
  }

  #norm(x: Value, matrices: LayerMatrices, name: LayerWeight): Value {
    return normed(this.g, x, matrices, name, this.parts.blueprint.normEpsilon);
  }

  /** Gated MLP (Shazeer 2020): W_down(act(W_gate·x) ⊙ W_up·x). */
  #mlp(x: Value, { gateUp, down }: LayerMatrices, activation: 'silu' | 'gelu-tanh'): Value {
    const { g } = this;
    const [gate, up] = splitRows(
      g,
      gateUp.map((matrix) => linear(g, x, matrix)),
      [down.inputs, down.inputs],
    );
    return linear(g, this.#gated(gate!, up!, activation), down);
  }

  /**
   * act(gate)·up. ggml's own gelu reads a table in f16. Here gelu(x) = x·σ(x·w), w = √(8/π)·(1 + 0.044715·x²), which is
   * silu(x·w) / w.
   */
  #gated(gate: Value, up: Value, activation: 'silu' | 'gelu-tanh'): Value {
    const { g } = this;
    if (activation === 'silu') return g.swiglu(gate, up);
    const slope = Math.sqrt(8 / Math.PI);
    const w = g.scale(g.square(gate), 0.044715 * slope, slope);
    return g.divide(g.swiglu(g.multiply(gate, w), up), w);
  }
}
