import { family, plainLayer } from './family.js';

/** Mistral (arXiv 2310.06825): Llama without biases and, in early versions, with a sliding window in every layer. */
export const mistral = family({
  name: 'mistral',
  modelTypes: ['mistral'],
  classes: ['MistralForCausalLM'],
  ggufArchitecture: null,
  configDefaults: {
    hidden_act: 'silu',
    num_key_value_heads: 8,
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-6,
    sliding_window: 4096,
  },
  biases: [],
  layer: (settings) => plainLayer(settings, { window: settings.window }),
});
