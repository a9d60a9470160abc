import { LLAMA_LAYER_NAMES, type Settings } from './family.js';

/**
 * Tensor names of Gemma 2 and 3, and of OLMo 2, which has only their post-norms. Unlike Llama's, their
 * `post_attention_layernorm` norms the output of attention.
 */
export const gemmaLayerNames = {
  ...LLAMA_LAYER_NAMES,
  postAttentionNorm: 'post_attention_layernorm.weight',
  mlpNorm: 'pre_feedforward_layernorm.weight',
  postMlpNorm: 'post_feedforward_layernorm.weight',
};

/**
 * Returns the number whose square root divides the scores. GGUF metadata does not state it, so it is inferred from the
 * model's size.
 * @param layersOf27B layers of the 27B model, the only size where the number is not the head dimension
 */
export function gemmaQueryScalar(settings: Settings, layersOf27B: number): number {
  const stated = settings.own.number('query_pre_attn_scalar');
  if (stated !== null) return stated;
  return settings.layerCount === layersOf27B ? settings.hiddenSize / settings.heads : settings.headDim;
}
