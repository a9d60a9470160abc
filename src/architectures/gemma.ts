import { LLAMA_LAYER_NAMES, type Settings } from './family.js';

/** Tensor names of Gemma 2 and 3: Llama's `post_attention_layernorm` is really behind attention here. */
export const gemmaLayerNames = {
  ...LLAMA_LAYER_NAMES,
  postAttentionNorm: 'post_attention_layernorm.weight',
  mlpNorm: 'pre_feedforward_layernorm.weight',
  postMlpNorm: 'post_feedforward_layernorm.weight',
};

/**
 * Scores are divided by the root of this. GGUF metadata does not carry it, there it is known by the model's size.
 * @param layersOf27B how many the 27B model has, the one size where it is not the head dim
 */
export function gemmaQueryScalar(settings: Settings, layersOf27B: number): number {
  const stated = settings.own.number('query_pre_attn_scalar');
  if (stated !== null) return stated;
  return settings.layerCount === layersOf27B ? settings.hiddenSize / settings.heads : settings.headDim;
}
