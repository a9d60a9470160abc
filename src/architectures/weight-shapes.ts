import type { Blueprint, LayerBlueprint, LayerWeight, WeightName } from './blueprint.js';

/** A weight that a blueprint requires. */
export interface DemandedWeight {
  readonly name: WeightName;
  /** `[out, in]` for matrices, `[n]` for norms and biases. */
  readonly shape: readonly number[];
  readonly place:
    | { readonly layer: null; readonly weight: 'embedding' | 'finalNorm' | 'head' }
    | { readonly layer: number; readonly weight: LayerWeight };
}

/** Returns every weight that the blueprint requires, in the order of the forward pass. A tied head is omitted. */
export function demandedWeights(blueprint: Blueprint): DemandedWeight[] {
  const { vocabSize, hiddenSize } = blueprint;
  const outside = (weight: 'embedding' | 'finalNorm' | 'head', shape: readonly number[]): DemandedWeight => ({
    name: weight,
    shape,
    place: { layer: null, weight },
  });
  const layers = blueprint.layers.flatMap((layer, index) =>
    layerShapes(layer, hiddenSize).map(
      ([weight, shape]): DemandedWeight => ({
        name: `layers.${index}.${weight}`,
        shape,
        place: { layer: index, weight },
      }),
    ),
  );
  return [
    outside('embedding', [vocabSize, hiddenSize]),
    ...layers,
    outside('finalNorm', [hiddenSize]),
    ...(blueprint.tiedEmbeddings ? [] : [outside('head', [vocabSize, hiddenSize])]),
  ];
}

/** Returns the shape of every weight that the blueprint requires, by canonical name. */
export function weightShapes(blueprint: Blueprint): Map<WeightName, readonly number[]> {
  return new Map(demandedWeights(blueprint).map(({ name, shape }) => [name, shape]));
}

function layerShapes(layer: LayerBlueprint, hidden: number): [LayerWeight, readonly number[]][] {
  const { attention, mlp, preNorms, postNorms } = layer;
  const { headDim, queryKeyNorm } = attention;
  const queries = attention.heads * headDim;
  const keys = attention.kvHeads * headDim;
  const candidates: [LayerWeight, readonly number[], boolean][] = [
    ['attentionNorm', [hidden], preNorms],
    ['query', [queries, hidden], true],
    ['key', [keys, hidden], true],
    ['value', [keys, hidden], true],
    ['queryBias', [queries], attention.queryKeyValueBias],
    ['keyBias', [keys], attention.queryKeyValueBias],
    ['valueBias', [keys], attention.queryKeyValueBias],
    ['queryNorm', [queryKeyNorm === 'head' ? headDim : queries], queryKeyNorm !== null],
    ['keyNorm', [queryKeyNorm === 'head' ? headDim : keys], queryKeyNorm !== null],
    ['output', [hidden, queries], true],
    ['outputBias', [hidden], attention.outputBias],
    ['postAttentionNorm', [hidden], postNorms],
    ['mlpNorm', [hidden], preNorms],
    ['gate', [mlp.size, hidden], true],
    ['gateBias', [mlp.size], mlp.bias],
    ['up', [mlp.size, hidden], true],
    ['upBias', [mlp.size], mlp.bias],
    ['down', [hidden, mlp.size], true],
    ['downBias', [hidden], mlp.bias],
    ['postMlpNorm', [hidden], postNorms],
  ];
  return candidates.filter(([, , present]) => present).map(([weight, shape]) => [weight, shape]);
}
