import { family, GGUF_LAYER_NAMES, LLAMA_LAYER_NAMES, plainLayer } from './family.js';

/**
 * Whether rope parameters name YaRN. transformers reads it as LongRoPE; llama.cpp's converter uses another amplitude.
 */
const isYarn = (parameters: unknown): boolean =>
  typeof parameters === 'object' &&
  Object.entries(parameters ?? {}).some(([key, type]) => /^(rope_)?type$/.test(key) && type === 'yarn');

/**
 * Phi-3, Phi-3.5 and Phi-4 (arXiv 2404.14219): query, key and value in one matrix, gate and up in another; LongRoPE in
 * long-context versions; and in Phi-4-mini, rotation of only a part of each head.
 */
export const phi3 = family({
  name: 'phi3',
  modelTypes: ['phi3'],
  classes: ['Phi3ForCausalLM'],
  ggufArchitecture: 'phi3',
  configDefaults: {
    hidden_act: 'silu',
    max_position_embeddings: 4096,
    original_max_position_embeddings: 4096,
    rms_norm_eps: 1e-5,
  },
  ownFields: { partial_rotary_factor: 'rope.dimension_count' },
  layerNames: {
    ...LLAMA_LAYER_NAMES,
    query: 'self_attn.qkv_proj.weight',
    key: 'self_attn.qkv_proj.weight',
    value: 'self_attn.qkv_proj.weight',
    gate: 'mlp.gate_up_proj.weight',
    up: 'mlp.gate_up_proj.weight',
  },
  ggufLayerNames: {
    ...GGUF_LAYER_NAMES,
    query: 'attn_qkv.weight',
    key: 'attn_qkv.weight',
    value: 'attn_qkv.weight',
    gate: 'ffn_up.weight',
  },
  biases: [],
  refusals: ['rope_scaling', 'rope_parameters'].map((field) => ({
    field,
    refuses: isYarn,
    feature: 'YaRN in Phi-3, which programs interpret differently,',
  })),
  layer: (settings) => plainLayer(settings, { window: settings.window }),
});
