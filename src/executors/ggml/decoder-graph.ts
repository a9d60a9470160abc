import type { Blueprint, LayerWeight } from '../../architectures/index.js';
import type { DecoderShape } from '../contract/index.js';
import { type Attended, type AttentionInputs, applyPolicy } from './attention-graph.js';
import { type Attend, explicitAttention, fusedAttention } from './attention-kernels.js';
import type { GraphBuilder, Value } from './graph-builder.js';
import { linear } from './linear.js';
import type { Group, PassPlan } from './pass-plan.js';
import type { PolicyPart } from './policy-parts.js';
import type { CacheArena } from './sequence.js';
import type { GgmlWeights, LayerMatrices } from './weights.js';

/** The inputs of a graph: written before each run. */
export interface PassInputs {
  /** `[rows]`, I32 */
  readonly tokens: Value;
  readonly positions: Value;
  /** Where each row's keys go in the arena, by rows of `headDim` elements: `[kvHeads, rows]` as one list, I64. */
  readonly keyPlaces: Value;
  /** Where each row's values go, by elements: `[kvHeads, headDim, rows]` as one list, with the row outermost, I64. */
  readonly valuePlaces: Value;
  /** `[logit rows]`, I32; null if there are none. */
  readonly logitRows: Value | null;
  readonly groups: readonly GroupInputs[];
}

export interface GroupInputs {
  /** For each distinct window. */
  readonly windows: readonly {
    readonly mask: Value;
    /** 1 where a key belongs to a column, `[keys, columns, 1, sequences]`; column 0 is the target. Null: no shares. */
    readonly columns: Value | null;
    /**
     * Room for a fused kernel's values, with the columns of each key behind them: `[headDim + columns, keys, kvHeads]`,
     * F16. The graph writes the values, layer by layer.
     */
    readonly values: Value | null;
    readonly target: Value | null;
    readonly rest: Value | null;
    readonly mixed: Value | null;
  }[];
  /** `[heads, sequences, layers, parts]`, F32 */
  readonly numbers: Value | null;
  /** `[heads, sequences, layers]`, F32 */
  readonly gains: Value | null;
}

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

/** A rotary embedding in the form in which ggml takes it. */
export interface Rotation {
  /** `[rotaryDim / 2]`: 1 / frequency. */
  readonly divisors: Value;
  readonly rotaryDim: number;
  readonly amplitude: number;
}

/** What all graphs of an executor share. */
export interface DecoderParts {
  readonly blueprint: Blueprint;
  readonly shape: DecoderShape;
  readonly weights: GgmlWeights;
  /** `[heads · headDim, rows]`: where groups put the outputs of their attention, if a pass has several. */
  readonly scratch: Value;
}

/** Upper bound of the tensors of a graph: inputs, operations and views. */
export function nodesOf({ layers, windows }: DecoderShape, groups: number): number {
  return 64 + groups * (2 + 5 * windows.length) + layers * (64 + 72 * groups);
}

/** Builds the graph of a pass. */
export class DecoderGraph {
  readonly inputs: PassInputs;
  readonly outputs: PassOutputs;

  constructor(
    private readonly g: GraphBuilder,
    private readonly parts: DecoderParts,
    private readonly plan: PassPlan,
    /** One for each distinct rotary embedding. */
    private readonly rotations: readonly Rotation[],
  ) {
    this.inputs = this.#inputs();
    this.outputs = this.#outputs();
  }

  #inputs(): PassInputs {
    const { g, plan } = this;
    const { kvHeads, headDim, heads, layers, group } = this.parts.shape;
    return {
      tokens: g.input('I32', plan.rows),
      positions: g.input('I32', plan.rows),
      keyPlaces: g.input('I64', kvHeads * plan.rows),
      valuePlaces: g.input('I64', kvHeads * headDim * plan.rows),
      logitRows: plan.logitRows.length === 0 ? null : g.input('I32', plan.logitRows.length),
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
      const { outputs, joined } = this.#attention(index, this.#norm(state, matrices, 'attentionNorm'));
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

  /** Applies a norm; returns x itself if the layer does not have it. */
  #norm(x: Value, { norms }: LayerMatrices, name: LayerWeight): Value {
    const weight = norms[name];
    if (weight === undefined) return x;
    return this.g.multiply(this.g.rmsNorm(x, this.parts.blueprint.normEpsilon), weight);
  }

  /** Gated MLP (Shazeer 2020): W_down(act(W_gate·x) ⊙ W_up·x). */
  #mlp(x: Value, { gateUp, down }: LayerMatrices, activation: 'silu' | 'gelu-tanh'): Value {
    const { g } = this;
    const [gate, up] = this.#parts(
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

  /** Splits rows of joined matrices, `[Σ sizes, rows]`, into views of these sizes. Several values are the parts. */
  #parts(values: readonly Value[], sizes: readonly number[]): readonly Value[] {
    const [joined] = values;
    if (values.length === sizes.length) return values;
    let start = 0;
    return sizes.map((size) => {
      const part = this.g.view(joined!, [size, joined!.shape[1]], [joined!.strides[1]], start * 4);
      start += size;
      return part;
    });
  }

  /** @returns each group's attention, and its outputs joined to `[heads · headDim, rows]` */
  #attention(layer: number, x: Value): { outputs: readonly Attended[]; joined: Value } {
    const { g, plan, inputs } = this;
    const { heads, kvHeads, headDim } = this.parts.shape;
    const matrices = this.parts.weights.layers[layer]!;
    const [query, key, value] = this.#parts(
      matrices.projections.map((matrix) => linear(g, x, matrix)),
      [heads * headDim, kvHeads * headDim, kvHeads * headDim],
    );
    const queries = this.#rotated(layer, query!, 'queryNorm', heads);
    this.#store(layer, this.#rotated(layer, key!, 'keyNorm', kvHeads), value!);

    const outputs = plan.groups.map((group, index) => {
      const own = inputs.groups[index]!;
      const over = this.#kernel(layer, group, own, this.#queriesOf(queries, group));
      const attended = applyPolicy(g, over, this.#attentionInputs(group, own, layer));
      const { shares, targetShares, restShares, before, after } = attended;
      const { weights, targetWeights, restWeights } = attended;
      const isTapped = plan.attentionTaps.includes(layer);
      for (const wanted of [
        ...[shares, targetShares, restShares, before, after],
        ...(isTapped ? [weights, targetWeights, restWeights] : []),
      ]) {
        if (wanted !== null) g.output(wanted);
      }
      return attended;
    });
    return { outputs, joined: this.#joined(outputs) };
  }

  /** Norms and rotates queries or keys. @param x `[heads · headDim, rows]` @returns `[headDim, heads, rows]`, dense */
  #rotated(layer: number, x: Value, norm: 'queryNorm' | 'keyNorm', heads: number): Value {
    const { g } = this;
    const { shape, blueprint, weights } = this.parts;
    const { headDim } = shape;
    const { queryKeyNorm } = blueprint.layers[layer]!.attention;
    const matrices = weights.layers[layer]!;
    const whole = queryKeyNorm === 'all heads' ? this.#norm(x, matrices, norm) : x;
    let byHead = g.view(whole, [headDim, heads, x.shape[1]], [headDim * 4, whole.strides[1]], 0);
    if (queryKeyNorm === 'head') byHead = this.#norm(byHead, matrices, norm);
    const rope = shape.ropeOf[layer]!;
    if (rope === null) return g.dense(byHead);
    const { divisors, ...rotation } = this.rotations[rope]!;
    return g.rope(byHead, this.inputs.positions, divisors, { ...rotation, pairs: 'halves' });
  }

  /** Writes new keys and values into the cache, before anything that reads them. @param value `[kvHeads · headDim, rows]` */
  #store(layer: number, key: Value, value: Value): void {
    const { g, plan, inputs } = this;
    const { arena, rows } = plan;
    const { kvHeads, headDim, layers } = this.parts.shape;
    const elements = arena.slots * arena.slotSize;
    const from = (element: number, width: number): Value => {
      const bytes = arena.elementBytes;
      return g.view(arena.memory, [width, (elements - element) / width], [width * bytes], element * bytes);
    };
    const keys = from(layer * arena.layerSize, headDim);
    const values = from((layers + layer) * arena.layerSize, 1);
    g.expand(g.setRows(keys, g.reshape(key, headDim, kvHeads * rows), inputs.keyPlaces));
    const dense = value.strides[1] === value.shape[0] * 4 ? value : g.dense(value);
    g.expand(g.setRows(values, g.reshape(dense, 1, kvHeads * headDim * rows), inputs.valuePlaces));
  }

  /** The keys and values that a group reads: `[headDim, keys, kvHeads, sequences]`, `[keys, headDim, kvHeads, sequences]`. */
  #cached(arena: CacheArena, layer: number, group: Group): { keys: Value; values: Value } {
    const { g } = this;
    const { kvHeads, headDim, layers, windowOf } = this.parts.shape;
    const { capacity, layerSize, slotSize, elementBytes: bytes } = arena;
    const { start, end } = group.windows[windowOf[layer]!]!;
    const count = end - start;
    const sequences = group.parts.length;
    const slot = group.slot * slotSize;
    const keys = g.view(
      arena.memory,
      [headDim, count, kvHeads, sequences],
      [headDim * bytes, capacity * headDim * bytes, slotSize * bytes],
      (slot + layer * layerSize + start * headDim) * bytes,
    );
    const values = g.view(
      arena.memory,
      [count, headDim, kvHeads, sequences],
      [capacity * bytes, capacity * headDim * bytes, slotSize * bytes],
      (slot + (layers + layer) * layerSize + start) * bytes,
    );
    return { keys, values };
  }

  /** The attention of a group's queries to its keys. */
  #kernel(layer: number, group: Group, inputs: GroupInputs, query: Value): Attend {
    const { g } = this;
    const { shape, blueprint } = this.parts;
    const { keys, values } = this.#cached(this.plan.arena, layer, group);
    const { attention } = blueprint.layers[layer]!;
    const { columns, values: rows } = inputs.windows[shape.windowOf[layer]!]!;
    if (rows === null) return explicitAttention(g, attention, { query, keys, values }, columns);
    const [headDim, count, kvHeads] = keys.shape;
    const [, row, head] = rows.strides;
    g.expand(g.copy(g.transposed(values), g.view(rows, [headDim, count, kvHeads], [row, head], 0)));
    return fusedAttention(g, attention, { query, keys, values: rows });
  }

  /** A group's queries, `[headDim, rows, heads, sequences]`, see `attention-kernels.ts`. @param all `[headDim, heads, rows]` */
  #queriesOf(all: Value, { row, tokens, parts }: Group): Value {
    const { g } = this;
    const { heads, kvHeads, headDim, group } = this.parts.shape;
    const size = heads * headDim * 4;
    const own = g.view(all, [headDim, heads, tokens * parts.length], [headDim * 4, size], row * size);
    return tokens === 1 ? g.reshape(own, headDim, group, kvHeads, parts.length) : g.dense(g.swap(own));
  }

  #attentionInputs(group: Group, inputs: GroupInputs, layer: number): AttentionInputs {
    const index = this.parts.shape.windowOf[layer]!;
    const { start, stretch } = group.windows[index]!;
    const { mask, target, rest, mixed } = inputs.windows[index]!;
    const measured = group.columns > 0;
    const gain = inputs.gains === null ? null : this.#perHead(inputs.gains, group, layer, 0);
    if (group.policy === null) return { mask, measured, policy: null, gain };
    const numbers: Partial<Record<PolicyPart, Value>> = {};
    for (const [i, part] of group.policy.parts.entries()) {
      numbers[part] = this.#perHead(inputs.numbers!, group, layer, i);
    }
    const place = { first: stretch.start - start, count: stretch.end - stretch.start };
    const { steep, fractions } = group.policy;
    return {
      mask,
      measured,
      policy: { target, rest, mixed, steep, fractions, numbers, stretch: place },
      gain,
    };
  }

  /** A layer's numbers, one per head, in the shape of the group's rows. @param all `[heads, sequences, layers, parts]` */
  #perHead(all: Value, { tokens, parts }: Group, layer: number, part: number): Value {
    const { heads, kvHeads, group, layers } = this.parts.shape;
    const sequences = parts.length;
    const offset = (part * layers + layer) * heads * sequences * 4;
    return tokens === 1
      ? this.g.view(all, [1, group, kvHeads, sequences], [4, group * 4, heads * 4], offset)
      : this.g.view(all, [1, 1, heads], [4, 4], offset);
  }

  /** Brings the groups' outputs back to rows, `[heads · headDim, rows]`. */
  #joined(outputs: readonly Attended[]): Value {
    const { g, plan } = this;
    const { scratch, shape } = this.parts;
    const { heads, headDim } = shape;
    const size = heads * headDim;
    const byRow = ({ output }: Attended, { tokens, parts }: Group): Value =>
      tokens === 1 ? g.reshape(output, size, parts.length) : g.swap(output);
    const [only] = outputs;
    if (outputs.length === 1) {
      const value = byRow(only!, plan.groups[0]!);
      return plan.groups[0]!.tokens === 1 ? value : g.reshape(g.dense(value), size, plan.rows);
    }
    for (const [index, attended] of outputs.entries()) {
      const group = plan.groups[index]!;
      const rows = group.tokens * group.parts.length;
      const place =
        group.tokens === 1
          ? g.view(scratch, [size, rows], [size * 4], group.row * size * 4)
          : g.view(scratch, [headDim, heads, rows], [headDim * 4, size * 4], group.row * size * 4);
      g.expand(g.copy(byRow(attended, group), place));
    }
    return g.view(scratch, [size, plan.rows], [size * 4], 0);
  }
}
