import type { Blueprint, LayerBlueprint, LayerWeight } from '../../architectures/index.js';
import {
  type Attended,
  type AttentionInputs,
  attentionGraph,
  type PolicyInputs,
  type WindowInputs,
} from './attention-graph.js';
import type { GraphShape } from './graph-shape.js';
import { Activation, applyLinear, applyLinears, type Linear } from './linear.js';
import { Graph, type OnnxModel, type Value } from './onnx/graph.js';

/** The weights the graph is built of; a layer's are asked for one after another, so that they can be read then. */
export interface GraphWeights {
  readonly head: Linear;
  /** `[hidden]` */
  readonly finalNorm: Float32Array;
  layer(index: number): Promise<GraphLayerWeights>;
}

export interface GraphLayerWeights {
  readonly norms: Readonly<Partial<Record<LayerWeight, Float32Array>>>;
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly gate: Linear;
  readonly up: Linear;
  readonly down: Linear;
}

/** Rows of the `policy` input, `[4 · layers, kvHeads, rows, 1]`: all layers' exponents first, and so on. */
export const POLICY_PARTS = ['exponent', 'multiplier', 'multiplierMinusOne', 'logFloor'] as const;

/**
 * The whole decoder as one ONNX graph, for any number of new tokens over any number of cached ones. Names of
 * inputs and outputs are those that `chunk-feeds.ts` writes and `chunk-results.ts` reads.
 */
export async function decoderGraph(
  blueprint: Blueprint,
  shape: GraphShape,
  weights: GraphWeights,
): Promise<OnnxModel> {
  const graph = new Graph();
  const builder = new DecoderBuilder(graph, blueprint, shape);
  let state = graph.input('embeddings', 'float32', [1, 'tokens', blueprint.hiddenSize]);
  const attended: Attended[] = [];
  for (const [index, layer] of blueprint.layers.entries()) {
    builder.hiddenOutput(index, state);
    const result = builder.layer(index, layer, state, await weights.layer(index));
    attended.push(result.attended);
    state = result.state;
  }
  const final = builder.norm('finalNorm', state, weights.finalNorm);
  builder.hiddenOutput(blueprint.layers.length, final);
  const rows = graph.op('Gather', [final, graph.input('logit_rows', 'int64', ['logit rows'])], { axis: 1 });
  const logits = applyLinear('head', new Activation(graph, rows, blueprint.hiddenSize), weights.head);
  graph.output(graph.named('logits', logits), 'float32', [1, 'logit rows', blueprint.vocabSize]);
  builder.shareOutputs(attended);
  return graph.build();
}

class DecoderBuilder {
  readonly #inputs: AttentionInputs;
  readonly #policies: readonly PolicyInputs[];
  readonly #rotations: readonly { readonly cos: Value; readonly sin: Value }[];
  readonly #keys: Value[] = [];
  readonly #values: Value[] = [];

  constructor(
    readonly graph: Graph,
    readonly blueprint: Blueprint,
    readonly shape: GraphShape,
  ) {
    const { layers, kvHeads, headDim, windows, ropes } = shape;
    this.#inputs = {
      windows: windows.map((window, i) => windowInputs(graph, window, i)),
      targetNew: graph.input('target_new', 'int64', ['target new']),
      newSpans: graph.input('new_spans', 'float32', ['tokens', 'spans']),
    };
    this.#rotations = ropes.map((_, i) => ({
      cos: graph.input(`cos.${i}`, 'float32', ['tokens', headDim / 2]),
      sin: graph.input(`sin.${i}`, 'float32', ['tokens', headDim / 2]),
    }));
    const policy = graph.input('policy', 'float32', [POLICY_PARTS.length * layers, kvHeads, 'rows', 1]);
    const parts = graph.ops(POLICY_PARTS.length * layers, 'Split', [policy], {
      axis: 0,
      num_outputs: POLICY_PARTS.length * layers,
    });
    this.#policies = Array.from({ length: layers }, (_, layer) => ({
      exponent: parts[layer]!,
      multiplier: parts[layers + layer]!,
      multiplierMinusOne: parts[2 * layers + layer]!,
      logFloor: parts[3 * layers + layer]!,
    }));
  }

  layer(
    index: number,
    blueprint: LayerBlueprint,
    state: Value,
    weights: GraphLayerWeights,
  ): { state: Value; attended: Attended } {
    const { graph } = this;
    const { hiddenSize } = this.blueprint;
    const name = (part: string): string => `layers.${index}.${part}`;
    const norm = (part: LayerWeight, value: Value): Value =>
      this.norm(name(part), value, weights.norms[part]!);
    const residual = (value: Value, post: LayerWeight, before: Value): Value =>
      graph.op('Add', [before, blueprint.postNorms ? norm(post, value) : value]);

    const normed = new Activation(graph, norm('attentionNorm', state), hiddenSize);
    const projected = this.#project(index, normed, weights);
    const { kvHeads, headDim, heads } = this.shape;
    const cache = {
      keys: graph.input(name('keys'), 'float32', [`past ${this.shape.windowOf[index]}`, kvHeads, headDim]),
      values: graph.input(name('values'), 'float32', [
        `past ${this.shape.windowOf[index]}`,
        kvHeads,
        headDim,
      ]),
    };
    const attended = attentionGraph(
      graph,
      this.shape,
      index,
      blueprint.attention,
      projected,
      cache,
      this.#inputs,
      this.#policies[index]!,
    );
    this.#keys.push(projected.key);
    this.#values.push(projected.value);
    const mixed = applyLinear(
      name('output'),
      new Activation(graph, attended.output, heads * headDim),
      weights.output,
    );
    const middle = residual(mixed, 'postAttentionNorm', state);

    const [gate, up] = applyLinears(
      name('gateUp'),
      new Activation(graph, norm('mlpNorm', middle), hiddenSize),
      [weights.gate, weights.up],
    );
    const activated =
      blueprint.mlp.activation === 'silu'
        ? graph.contrib('QuickGelu', [gate!], { alpha: { float: 1 } })[0]!
        : graph.op('Gelu', [gate!], { approximate: 'tanh' });
    const product = new Activation(graph, graph.op('Mul', [activated, up!]), blueprint.mlp.size);
    return {
      state: residual(applyLinear(name('down'), product, weights.down), 'postMlpNorm', middle),
      attended,
    };
  }

  norm(name: string, value: Value, weight: Float32Array): Value {
    const { graph } = this;
    return graph.op(
      'SimplifiedLayerNormalization',
      [value, graph.weight(name, 'float32', [weight.length], weight)],
      {
        axis: -1,
        epsilon: { float: this.blueprint.normEpsilon },
        stash_type: 1,
      },
    );
  }

  hiddenOutput(index: number, state: Value): void {
    this.graph.output(this.graph.named(`hidden.${index}`, state), 'float32', [
      1,
      'tokens',
      this.blueprint.hiddenSize,
    ]);
  }

  /** Small results of all layers, each kind joined into one output: fetching an output costs microseconds. */
  shareOutputs(attended: readonly Attended[]): void {
    const { kvHeads, headDim, layers } = this.shape;
    const join = (name: string, values: readonly Value[], dimensions: readonly (number | string)[]): void => {
      const joined = this.graph.op('Concat', values, { axis: 0 });
      this.graph.output(this.graph.named(name, joined), 'float32', dimensions);
    };
    const pairs = layers * kvHeads;
    join('keys', this.#keys, ['layers × tokens', kvHeads, headDim]);
    join('values', this.#values, ['layers × tokens', kvHeads, headDim]);
    join(
      'share_before',
      attended.map(({ before }) => before),
      [pairs, 'rows', 1],
    );
    join(
      'share_after',
      attended.map(({ after }) => after),
      [layers, kvHeads, 'rows', 1],
    );
    join(
      'past_weight',
      attended.map(({ pastWeight }) => pastWeight),
      [pairs, 'rows', 1],
    );
    join(
      'past_span_shares',
      attended.map(({ pastSpanShares }) => pastSpanShares),
      [pairs, 'rows', 'spans'],
    );
    join(
      'new_span_shares',
      attended.map(({ newSpanShares }) => newSpanShares),
      [pairs, 'rows', 'spans'],
    );
    join(
      'target_span_shares',
      attended.map(({ targetSpanShares }) => targetSpanShares),
      [pairs, 'rows', 'target spans'],
    );
  }

  /** Query, key and value of the new tokens, normed where the family does, rotated to their positions. */
  #project(
    index: number,
    normed: Activation,
    weights: GraphLayerWeights,
  ): { query: Value; key: Value; value: Value } {
    const { graph } = this;
    const { heads, kvHeads, headDim } = this.shape;
    const { cos, sin } = this.#rotations[this.shape.ropeOf[index]!]!;
    // The tables hold the new tokens' own rows, so positions count from 0.
    const rotate = (value: Value, count: number): Value =>
      graph.contrib('RotaryEmbedding', [value, graph.integers(0), cos, sin], {
        num_heads: count,
        rotary_embedding_dim: 0,
      })[0]!;
    const [q, k, v] = applyLinears(`layers.${index}.queryKeyValue`, normed, [
      weights.query,
      weights.key,
      weights.value,
    ]);
    const split = (value: Value): Value => graph.op('Reshape', [value, graph.integers(-1, kvHeads, headDim)]);
    let query: Value;
    let key: Value;
    if (this.blueprint.layers[index]!.attention.queryKeyNorm) {
      const perHead = (value: Value, count: number, norm: 'queryNorm' | 'keyNorm'): Value => {
        const byHead = graph.op('Reshape', [value, graph.integers(1, -1, count, headDim)]);
        const normedHeads = this.norm(`layers.${index}.${norm}`, byHead, weights.norms[norm]!);
        return graph.op('Reshape', [normedHeads, graph.integers(1, -1, count * headDim)]);
      };
      query = rotate(perHead(q!, heads, 'queryNorm'), heads);
      key = rotate(perHead(k!, kvHeads, 'keyNorm'), kvHeads);
    } else {
      query = rotate(q!, heads);
      key = rotate(k!, kvHeads);
    }
    graph.output(graph.named(`query.${index}`, query), 'float32', [1, 'tokens', heads * headDim]);
    return { query, key: split(key), value: split(v!) };
  }
}

function windowInputs(graph: Graph, window: number | null, index: number): WindowInputs {
  const name = (part: string): string => `${part}.${index}`;
  const past = `past ${index}`;
  return {
    gate: graph.input(name('gate'), 'float32', []),
    pastMask: window === null ? null : graph.input(name('past_mask'), 'float32', ['mask rows', 'mask keys']),
    newMask: graph.input(name('new_mask'), 'float32', ['rows', 'tokens']),
    targetPast: graph.input(name('target_past'), 'int64', [`target past ${index}`]),
    pastSpans: graph.input(name('past_spans'), 'float32', [past, 'spans']),
    targetSpans: graph.input(name('target_spans'), 'float32', [`target keys ${index}`, 'target spans']),
  };
}
