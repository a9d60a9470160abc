import { type LayerWeight, type ModelPlan, readWeight, type WeightName } from '../../architectures/index.js';
import type { Checkpoint } from '../../formats/index.js';

/** One layer's weights as f32, `[out, in]` row-major. Weights that the family does not have are absent. */
export type LayerWeights = Readonly<Partial<Record<LayerWeight, Float32Array>>>;

/** A model's weights as f32. */
export interface ReferenceWeights {
  /** `[vocab, hidden]` */
  readonly embedding: Float32Array;
  /** `[vocab, hidden]`; the embedding itself if tied. */
  readonly head: Float32Array;
  /** `[hidden]` */
  readonly finalNorm: Float32Array;
  readonly layers: readonly LayerWeights[];
}

/** Reads all weights of a plan, dequantised to f32. */
export async function readReferenceWeights(
  plan: ModelPlan,
  checkpoint: Checkpoint,
): Promise<ReferenceWeights> {
  const read = (name: WeightName): Promise<Float32Array> => readWeight(plan, checkpoint, name);
  const layers: LayerWeights[] = [];
  for (let layer = 0; layer < plan.blueprint.layers.length; layer++) {
    const weights: Partial<Record<LayerWeight, Float32Array>> = {};
    const prefix = `layers.${layer}.`;
    for (const name of plan.weights.keys()) {
      if (name.startsWith(prefix)) weights[name.slice(prefix.length) as LayerWeight] = await read(name);
    }
    layers.push(weights);
  }
  const embedding = await read('embedding');
  return {
    embedding,
    head: plan.blueprint.tiedEmbeddings ? embedding : await read('head'),
    finalNorm: await read('finalNorm'),
    layers,
  };
}
