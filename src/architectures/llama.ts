import { family, plainLayer } from './family.js';

/**
 * Llama (arXiv 2302.13971) and the many models published under its class: SmolLM2, TinyLlama, Yi, Llama 3.x.
 * GGUF files of Mistral also use the architecture `llama`; if their metadata states a sliding window, it is applied.
 */
export const llama = family({
  name: 'llama',
  modelTypes: ['llama'],
  classes: ['LlamaForCausalLM'],
  ggufArchitecture: 'llama',
  configDefaults: {
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-6,
  },
  refusals: [
    // transformers' Llama ignores this field. Whether the weights were trained with the window cannot be known.
    { field: 'sliding_window', refuses: () => true, feature: 'a sliding window in a llama config' },
  ],
  ggufInterleavesRope: true,
  layer: (settings) => plainLayer(settings, { window: settings.window }),
});
