import { family, plainLayer, qwenWindow } from './family.js';

/** Qwen2 and Qwen2.5 (arXiv 2407.10671): biases only on query, key and value. */
export const qwen2 = family({
  name: 'qwen2',
  modelTypes: ['qwen2'],
  classes: ['Qwen2ForCausalLM'],
  ggufArchitecture: 'qwen2',
  configDefaults: {
    hidden_act: 'silu',
    num_key_value_heads: 32,
    max_position_embeddings: 32768,
    rms_norm_eps: 1e-6,
    use_sliding_window: false,
    sliding_window: 4096,
    max_window_layers: 28,
  },
  ownFields: { max_window_layers: null },
  biases: [],
  layer: (settings, index) =>
    plainLayer(settings, { window: qwenWindow(settings, index), queryKeyValueBias: true }),
});
