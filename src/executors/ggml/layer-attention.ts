import { type Attended, type AttentionInputs, applyPolicy } from './attention-graph.js';
import { type Attend, explicitAttention, fusedAttention } from './attention-kernels.js';
import type { DecoderParts, GroupInputs, PassInputs, Rotation } from './decoder-parts.js';
import type { GraphBuilder } from './graph-builder.js';
import { linear, normed, splitRows } from './linear.js';
import type { Group, PassPlan } from './pass-plan.js';
import type { PolicyPart } from './policy-parts.js';
import type { CacheArena } from './sequence.js';
import type { Value } from './tensor.js';

/** The attention of a graph's layers: from the normed states to the groups' outputs, through the cache. */
export class LayerAttention {
  constructor(
    private readonly g: GraphBuilder,
    private readonly parts: DecoderParts,
    private readonly plan: PassPlan,
    private readonly inputs: PassInputs,
    private readonly rotations: readonly Rotation[],
  ) {}

  /** @returns each group's attention, and its outputs joined to `[heads · headDim, rows]` */
  of(layer: number, x: Value): { outputs: readonly Attended[]; joined: Value } {
    const { g, plan, inputs } = this;
    const { heads, kvHeads, headDim } = this.parts.shape;
    const matrices = this.parts.weights.layers[layer]!;
    const [query, key, value] = splitRows(
      g,
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
    const whole = queryKeyNorm === 'all heads' ? normed(g, x, matrices, norm, blueprint.normEpsilon) : x;
    let byHead = g.view(whole, [headDim, heads, x.shape[1]], [headDim * 4, whole.strides[1]], 0);
    if (queryKeyNorm === 'head') byHead = normed(g, byHead, matrices, norm, blueprint.normEpsilon);
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
