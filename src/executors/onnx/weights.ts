import {
  LAYER_NORMS,
  type LayerWeight,
  type ModelPlan,
  readWeight,
  readWeightBytes,
  type StoredWeight,
  type WeightName,
} from '../../architectures/index.js';
import type { Checkpoint } from '../../formats/index.js';
import {
  type EmbeddingTable,
  embeddingTable,
  encodeWeight,
  formName,
  type Precision,
} from '../contract/index.js';
import type { GraphLayerWeights, GraphWeights } from './graph-weights.js';
import { groupMajor, groupMajorHeads, type Linear } from './linear.js';

/** A plan's weights, opened for the graph. */
export interface OpenedWeights {
  readonly graph: GraphWeights;
  readonly embedding: EmbeddingTable;
  /** Returns the forms of all matrices read so far, e.g. `q4+offsets, q8`. */
  forms(): string;
}

/** Opens a plan's weights for the graph: matrices in the given precision, read layer by layer. */
export async function openWeights(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  precision: Precision,
): Promise<OpenedWeights> {
  const { blueprint } = plan;
  const forms = new Set<string>();
  const encode = (stored: StoredWeight): Omit<Linear, 'bias'> => {
    const encoded = encodeWeight(stored, precision);
    forms.add(formName(encoded));
    return encoded;
  };
  const linear = async (name: WeightName, bias?: WeightName): Promise<Linear> => {
    const stored = await readWeightBytes(plan, checkpoint, name);
    return {
      ...encode(stored),
      bias: bias !== undefined && plan.weights.has(bias) ? await readWeight(plan, checkpoint, bias) : null,
    };
  };
  const embedding = await readWeightBytes(plan, checkpoint, 'embedding');
  return {
    forms: () => [...forms].sort().join(', '),
    embedding: embeddingTable(embedding, blueprint.embeddingScale),
    graph: {
      head: blueprint.tiedEmbeddings ? { ...encode(embedding), bias: null } : await linear('head'),
      finalNorm: await readWeight(plan, checkpoint, 'finalNorm'),
      async layer(index): Promise<GraphLayerWeights> {
        const name = (part: LayerWeight): WeightName => `layers.${index}.${part}`;
        const { kvHeads, headDim, queryKeyNorm } = blueprint.layers[index]!.attention;
        const norms: Partial<Record<LayerWeight, Float32Array>> = {};
        for (const part of LAYER_NORMS) {
          if (plan.weights.has(name(part))) norms[part] = await readWeight(plan, checkpoint, name(part));
        }
        // The weights of a norm over all heads must be in the order of the heads.
        if (queryKeyNorm === 'all heads') norms.queryNorm = groupMajor(norms.queryNorm!, kvHeads, headDim);
        return {
          norms,
          query: groupMajorHeads(await linear(name('query'), name('queryBias')), kvHeads, headDim),
          key: await linear(name('key'), name('keyBias')),
          value: await linear(name('value'), name('valueBias')),
          output: await linear(name('output'), name('outputBias')),
          gate: await linear(name('gate'), name('gateBias')),
          up: await linear(name('up'), name('upBias')),
          down: await linear(name('down'), name('downBias')),
        };
      },
    },
  };
}
