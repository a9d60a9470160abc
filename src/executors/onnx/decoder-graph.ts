import type { Blueprint, LayerBlueprint, LayerWeight } from '../../architectures/index.js';
import type { DecoderShape } from '../contract/index.js';
import { type Attended, attentionGraph, type PolicyInputs, type WindowInputs } from './attention-graph.js';
import { Graph, type OnnxModel, type Value } from './graph.js';
import type { GraphLayerWeights, GraphWeights } from './graph-weights.js';
import { Activation, applyLinear, applyLinears } from './linear.js';
import { POLICY_PARTS, type PolicyPart } from './policy-parts.js';
import { projectionGraph, type RotationInputs } from './projection-graph.js';

/**
 * Builds the whole decoder as one ONNX graph, for any number of new tokens and cached tokens. `chunk-feeds.ts` writes
 * its inputs by name, and `chunk-results.ts` reads its outputs by name.
 *
 * New keys and values are outputs that the caller points at the cache's next rows, and the inputs `keys` and `values`
 * are views that include these rows: one contiguous cache, written in place without a copy. A layer reads its cache
 * only after the new rows are written, because its query comes from the node that wrote the key, and that node's input
 * from the node that wrote the value.
 */
export async function decoderGraph(
  blueprint: Blueprint,
  shape: DecoderShape,
  weights: GraphWeights,
): Promise<OnnxModel> {
  const graph = new Graph();
  const builder = new DecoderBuilder(graph, blueprint, shape);
  let state: State = {
    residual: graph.input('embeddings', 'float32', [1, 'tokens', blueprint.hiddenSize]),
    branch: null,
  };
  const attended: Attended[] = [];
  for (const [index, layer] of blueprint.layers.entries()) {
    const result = builder.layer(index, layer, state, await weights.layer(index));
    attended.push(result.attended);
    state = result.state;
  }
  const last = `hidden.${blueprint.layers.length}`;
  const final = builder.addAndNorm('finalNorm', state, weights.finalNorm, { normed: last }).normed;
  graph.output(last, 'float32', [1, 'tokens', blueprint.hiddenSize]);
  const rows = graph.op('Gather', [final, graph.input('logit_rows', 'int64', ['logit rows'])], { axis: 1 });
  const head = applyLinear('head', new Activation(graph, rows, blueprint.hiddenSize), weights.head);
  const logits = graph.named('logits', builder.capped(builder.scaled(head, blueprint.logitScale)));
  graph.output(logits, 'float32', [1, 'logit rows', blueprint.vocabSize]);
  builder.shareOutputs(attended);
  return graph.build();
}

/** The residual stream, `[1, tokens, hidden]`, and a branch not yet added to it. The next norm adds it. */
interface State {
  readonly residual: Value;
  readonly branch: Value | null;
}

class DecoderBuilder {
  readonly #windows: readonly WindowInputs[];
  readonly #policies: readonly PolicyInputs[];
  readonly #rotations: readonly RotationInputs[];

  constructor(
    readonly graph: Graph,
    readonly blueprint: Blueprint,
    readonly shape: DecoderShape,
  ) {
    const { layers, kvHeads, windows, ropes } = shape;
    this.#windows = windows.map((_, i) => windowInputs(graph, i));
    this.#rotations = ropes.map(({ rotaryDim }, i) => ({
      rotaryDim,
      cos: graph.input(`cos.${i}`, 'float32', ['tokens', rotaryDim / 2]),
      sin: graph.input(`sin.${i}`, 'float32', ['tokens', rotaryDim / 2]),
    }));
    this.#policies = policyInputs(graph, layers, kvHeads);
  }

  layer(
    index: number,
    blueprint: LayerBlueprint,
    state: State,
    weights: GraphLayerWeights,
  ): { state: State; attended: Attended } {
    const { graph } = this;
    const { hiddenSize } = this.blueprint;
    const { kvHeads, headDim, heads, windowOf, ropeOf } = this.shape;
    const name = (part: string): string => `layers.${index}.${part}`;
    const post = (part: LayerWeight, value: Value): Value => {
      const weight = weights.norms[part];
      return this.scaled(
        weight === undefined ? value : this.norm(name(part), value, weight),
        this.blueprint.residualScale,
      );
    };

    const hidden = `hidden.${index}`;
    const entry = this.addAndNorm(name('attentionNorm'), state, weights.norms.attentionNorm, {
      residual: hidden,
    });
    // The first layer's input is an input of the graph, which cannot also be an output.
    if (state.branch === null) graph.named(hidden, entry.residual);
    graph.output(hidden, 'float32', [1, 'tokens', hiddenSize]);
    const rope = ropeOf[index]!;
    const query = projectionGraph(
      graph,
      blueprint.attention,
      new Activation(graph, entry.normed, hiddenSize),
      weights,
      rope === null ? null : this.#rotations[rope]!,
      { name, norm: (part, value) => this.norm(name(part), value, weights.norms[part]!) },
    );
    const cacheShape = [`keys ${windowOf[index]}`, kvHeads, headDim];
    const cache = {
      keys: graph.input(name('keys'), 'float32', cacheShape),
      values: graph.input(name('values'), 'float32', cacheShape),
    };
    const window = this.#windows[windowOf[index]!]!;
    const attended = attentionGraph(
      graph,
      this.shape,
      blueprint.attention,
      query,
      cache,
      window,
      this.#policies[index]!,
    );
    const mixed = applyLinear(
      name('output'),
      new Activation(graph, attended.output, heads * headDim),
      weights.output,
    );

    const middle = this.addAndNorm(
      name('mlpNorm'),
      { residual: entry.residual, branch: post('postAttentionNorm', mixed) },
      weights.norms.mlpNorm,
    );
    const [gate, up] = applyLinears(name('gateUp'), new Activation(graph, middle.normed, hiddenSize), [
      weights.gate,
      weights.up,
    ]);
    const activated =
      blueprint.mlp.activation === 'silu'
        ? graph.contrib('QuickGelu', [gate!], { alpha: { float: 1 } })[0]!
        : graph.op('Gelu', [gate!], { approximate: 'tanh' });
    const product = new Activation(graph, graph.op('Mul', [activated, up!]), blueprint.mlp.size);
    const fed = applyLinear(name('down'), product, weights.down);
    return { state: { residual: middle.residual, branch: post('postMlpNorm', fed) }, attended };
  }

  norm(name: string, value: Value, weight: Float32Array): Value {
    const gamma = this.graph.weight(name, 'float32', [weight.length], weight);
    return this.graph.op('SimplifiedLayerNormalization', [value, gamma], {
      axis: -1,
      epsilon: { float: this.blueprint.normEpsilon },
      stash_type: 1,
    });
  }

  /** Multiplies a value by a factor. */
  scaled(value: Value, factor: number): Value {
    return factor === 1 ? value : this.graph.op('Mul', [value, this.graph.scalar(factor)]);
  }

  /** Applies the model's soft cap to logits. */
  capped(logits: Value): Value {
    const { logitCap } = this.blueprint;
    if (logitCap === null) return logits;
    return this.scaled(this.graph.op('Tanh', [this.scaled(logits, 1 / logitCap)]), logitCap);
  }

  /**
   * Adds the branch to the residual stream and norms the sum; both can be named.
   * @param weight the weight of the norm; without one, the result is the sum itself
   */
  addAndNorm(
    name: string,
    { residual, branch }: State,
    weight: Float32Array | undefined,
    names: { readonly normed?: string; readonly residual?: string } = {},
  ): { normed: Value; residual: Value } {
    if (weight === undefined) {
      const sum = branch === null ? residual : this.graph.op('Add', [residual, branch], {}, names.residual);
      return { normed: sum, residual: sum };
    }
    if (branch === null) return { normed: this.norm(name, residual, weight), residual };
    const gamma = this.graph.weight(name, 'float32', [weight.length], weight);
    const [normed, , , sum] = this.graph.contrib(
      'SkipSimplifiedLayerNormalization',
      [branch, residual, gamma],
      { epsilon: { float: this.blueprint.normEpsilon } },
      [names.normed ?? '', null, null, names.residual ?? ''],
    );
    return { normed: normed!, residual: sum! };
  }

  /** Joins the shares of all layers into one output per kind: fetching an output costs microseconds. */
  shareOutputs(attended: readonly Attended[]): void {
    const { kvHeads, layers } = this.shape;
    const join = (name: string, values: readonly Value[], dimensions: readonly (number | string)[]): void => {
      const joined = this.graph.op('Concat', values, { axis: 0 });
      this.graph.output(this.graph.named(name, joined), 'float32', dimensions);
    };
    const pairs = layers * kvHeads;
    join(
      'share_before',
      attended.map(({ before }) => before),
      [pairs, 'rows', 1],
    );
    join(
      'share_after',
      attended.map(({ after }) => after),
      [pairs, 'rows', 1],
    );
    join(
      'span_shares',
      attended.map(({ spanShares }) => spanShares),
      [pairs, 'rows', 'spans'],
    );
    join(
      'side_span_shares',
      attended.map(({ sideSpanShares }) => sideSpanShares),
      [pairs, 'rows', 'side spans'],
    );
  }
}

function windowInputs(graph: Graph, index: number): WindowInputs {
  const name = (part: string): string => `${part}.${index}`;
  return {
    mask: graph.input(name('mask'), 'float32', [`mask rows ${index}`, `mask keys ${index}`]),
    sideKeys: graph.input(name('side_keys'), 'int64', [`side keys ${index}`]),
    targetMask: graph.input(name('target_mask'), 'float32', [`side mask ${index}`]),
    restMask: graph.input(name('rest_mask'), 'float32', [`side mask ${index}`]),
    spans: graph.input(name('spans'), 'float32', [`keys ${index}`, 'spans']),
    sideSpans: graph.input(name('side_spans'), 'float32', [`side keys ${index}`, 'side spans']),
  };
}

/**
 * Splits the input `policy`, `[parts · layers · kvHeads, rows, 1]`, by layer. It holds the first part of all layers
 * first.
 */
function policyInputs(graph: Graph, layers: number, kvHeads: number): readonly PolicyInputs[] {
  const count = POLICY_PARTS.length * layers;
  const policy = graph.input('policy', 'float32', [count * kvHeads, 'rows', 1]);
  const values = graph.ops(count, 'Split', [policy], { axis: 0, num_outputs: count });
  return Array.from({ length: layers }, (_, layer) => {
    const named = POLICY_PARTS.map((part, index) => [part, values[index * layers + layer]!] as const);
    return Object.fromEntries(named) as Record<PolicyPart, Value>;
  });
}
