import type { LayerBlueprint } from './blueprint.js';
import { family, plainLayer, type Settings } from './family.js';
import { gemmaLayerNames, gemmaQueryScalar } from './gemma.js';

/** Layers of the 27B model, the only size whose query scale is not 1/√headDim. */
const LAYERS_OF_27B = 62;

/**
 * Gemma 3, text (arXiv 2503.19786): four norms per layer, norms on query and key, embeddings scaled by √hidden, and
 * five sliding layers, with their own rope base, to every full layer.
 */
export const gemma3 = family({
  name: 'gemma3',
  modelTypes: ['gemma3_text', 'gemma3'],
  classes: ['Gemma3ForCausalLM', 'Gemma3ForConditionalGeneration'],
  ggufArchitecture: 'gemma3',
  // All of Gemma3TextConfig except the vocabulary: the multimodal files on the hub omit most of it.
  configDefaults: {
    hidden_size: 2304,
    intermediate_size: 9216,
    num_hidden_layers: 26,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    hidden_activation: 'gelu_pytorch_tanh',
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-6,
    query_pre_attn_scalar: 256,
    sliding_window: 4096,
    sliding_window_pattern: 6,
    tie_word_embeddings: true,
  },
  activationField: 'hidden_activation',
  activation: 'gelu-tanh',
  ropeBase: 1_000_000,
  slidingRopeBase: 10000,
  ownFields: { query_pre_attn_scalar: null },
  biases: ['attention'],
  layerNames: gemmaLayerNames,
  normsLackOne: true,
  unneeded: [
    {
      names: /^(model\.)?(vision_tower|multi_modal_projector)\.|^(v|mm)\./,
      reason: 'part of the image encoder',
    },
  ],
  scales: ({ hiddenSize }) => ({ embeddingScale: Math.sqrt(hiddenSize) }),
  layer: gemma3Layer,
});

function gemma3Layer(settings: Settings, index: number): LayerBlueprint {
  const slides = gemma3Slides(settings, index);
  const layer = plainLayer(settings, {
    scale: 1 / Math.sqrt(gemmaQueryScalar(settings, LAYERS_OF_27B)),
    rope: slides ? settings.slidingRope : settings.rope,
    window: slides ? settings.window : null,
    queryKeyNorm: 'head',
  });
  return { ...layer, postNorms: true };
}

function gemma3Slides(settings: Settings, index: number): boolean {
  const type = settings.layerTypes?.[index];
  if (type !== undefined) return type === 'sliding_attention';
  return (index + 1) % (settings.slidingPattern ?? 6) !== 0;
}
