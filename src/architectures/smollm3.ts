import type { LayerBlueprint } from './blueprint.js';
import { family, plainLayer, type Settings } from './family.js';

/** Default interval of layers without rope. */
const NO_ROPE_INTERVAL = 4;

/** SmolLM3 (Hugging Face, 2025): Llama, but every fourth layer has no rotary embedding (NoPE, arXiv 2501.18795). */
export const smollm3 = family({
  name: 'smollm3',
  modelTypes: ['smollm3'],
  classes: ['SmolLM3ForCausalLM'],
  ggufArchitecture: 'smollm3',
  configDefaults: {
    hidden_act: 'silu',
    num_key_value_heads: 4,
    max_position_embeddings: 32768,
    rms_norm_eps: 1e-6,
    use_sliding_window: false,
    tie_word_embeddings: true,
  },
  ropeBase: 2_000_000,
  ownFields: { no_rope_layers: null, no_rope_layer_interval: null },
  ggufInterleavesRope: true,
  layer: smollm3Layer,
});

function smollm3Layer(settings: Settings, index: number): LayerBlueprint {
  const { own, layerCount, layerTypes, window, rope } = settings;
  // In the list, 1 marks a layer with rope.
  const interval = own.number('no_rope_layer_interval') ?? NO_ROPE_INTERVAL;
  const rotates = own.numbers('no_rope_layers', layerCount)?.[index] ?? (index + 1) % interval;
  const slides = layerTypes === null ? rotates === 0 : layerTypes[index] === 'sliding_attention';
  return plainLayer(settings, { rope: rotates === 0 ? null : rope, window: slides ? window : null });
}
