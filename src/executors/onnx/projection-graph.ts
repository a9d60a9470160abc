import type { AttentionBlueprint } from '../../architectures/index.js';
import type { Graph, Value } from './graph.js';
import type { GraphLayerWeights } from './graph-weights.js';
import { type Activation, applyJoined } from './linear.js';

/**
 * Inputs shared by all layers with the same rotary embedding: `[tokens, rotaryDim / 2]`, rows of the new tokens only.
 */
export interface RotationInputs {
  readonly rotaryDim: number;
  readonly cos: Value;
  readonly sin: Value;
}

/** The naming and the norms of one layer. */
export interface LayerOf {
  /** Returns the name of one of the layer's values. */
  readonly name: (part: string) => string;
  /** Applies one of the layer's norms. */
  readonly norm: (part: 'queryNorm' | 'keyNorm', value: Value) => Value;
}

/**
 * Computes the queries, keys and values of one layer: projects them, and norms and rotates queries and keys if the
 * layer does.
 * @param x the layer's input
 * @param rotation null if the layer has no rope
 * @returns the query, `[1, tokens, heads · headDim]`, which is also an output of the graph; keys and values are the
 * outputs `new_keys` and `new_values`, `[1, tokens, kvHeads · headDim]`
 */
export function projectionGraph(
  graph: Graph,
  attention: AttentionBlueprint,
  x: Activation,
  { query, key, value }: Pick<GraphLayerWeights, 'query' | 'key' | 'value'>,
  rotation: RotationInputs | null,
  { name, norm }: LayerOf,
): Value {
  const { heads, kvHeads, headDim, queryKeyNorm } = attention;
  const [querySize, keySize] = [heads * headDim, kvHeads * headDim];
  const joined = applyJoined(name('queryKeyValue'), x, [query, key, value]);
  let queryKey: Value;
  if (queryKeyNorm === null) {
    const sizes = graph.integers(querySize + keySize, keySize);
    queryKey = graph.split(joined, sizes, ['', name('new_values')])[0]!;
  } else {
    const normed = (part: 'queryNorm' | 'keyNorm', value: Value, count: number): Value => {
      if (queryKeyNorm === 'all heads') return norm(part, value);
      const byHead = graph.op('Reshape', [value, graph.integers(1, -1, count, headDim)]);
      return graph.op('Reshape', [norm(part, byHead), graph.integers(1, -1, count * headDim)]);
    };
    const sizes = graph.integers(querySize, keySize, keySize);
    const parts = graph.split(joined, sizes, ['', '', name('new_values')]);
    const both = [normed('queryNorm', parts[0]!, heads), normed('keyNorm', parts[1]!, kvHeads)];
    queryKey = graph.op('Concat', both, { axis: -1 });
  }
  const turned = rotation === null ? queryKey : rotated(graph, attention, queryKey, rotation);
  const names = [name('query'), name('new_keys')];
  const [projected] = graph.split(turned, graph.integers(querySize, keySize), names);
  graph.output(name('query'), 'float32', [1, 'tokens', querySize]);
  graph.output(name('new_keys'), 'float32', [1, 'tokens', keySize]);
  graph.output(name('new_values'), 'float32', [1, 'tokens', keySize]);
  return projected!;
}

/** Rotates the queries and keys of all heads to their positions. */
function rotated(
  graph: Graph,
  { heads, kvHeads, headDim }: AttentionBlueprint,
  queryKey: Value,
  { rotaryDim, cos, sin }: RotationInputs,
): Value {
  // The tables hold only the new tokens' rows, so positions count from 0.
  return graph.contrib('RotaryEmbedding', [queryKey, graph.integers(0), cos, sin], {
    num_heads: heads + kvHeads,
    // 0 means the whole head.
    rotary_embedding_dim: rotaryDim === headDim ? 0 : rotaryDim,
  })[0]!;
}
