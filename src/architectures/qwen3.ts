import { family, plainLayer, qwenWindow } from './family.js';

/** Qwen3 (arXiv 2505.09388): per-head norms on query and key, an independent head dimension, biases only on request. */
export const qwen3 = family({
  name: 'qwen3',
  modelTypes: ['qwen3'],
  classes: ['Qwen3ForCausalLM'],
  ggufArchitecture: 'qwen3',
  configDefaults: {
    hidden_act: 'silu',
    num_key_value_heads: 32,
    head_dim: 128,
    max_position_embeddings: 32768,
    rms_norm_eps: 1e-6,
    use_sliding_window: false,
    sliding_window: 4096,
    max_window_layers: 28,
  },
  ownFields: { max_window_layers: null },
  biases: ['attention'],
  layer: (settings, index) =>
    plainLayer(settings, { window: qwenWindow(settings, index), queryKeyNorm: 'head' }),
});
