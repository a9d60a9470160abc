import type { LayerBlueprint } from './blueprint.js';
import { family, plainLayer, type Settings } from './family.js';
import { gemmaLayerNames, gemmaQueryScalar } from './gemma.js';

/** Layers of the 27B model, the only size whose query scale is not 1/√headDim. */
const LAYERS_OF_27B = 46;

/**
 * Gemma 2 (arXiv 2408.00118): four norms per layer, soft caps on attention scores and logits, embeddings scaled by
 * √hidden, and a sliding window in every other layer, starting with the first.
 */
export const gemma2 = family({
  name: 'gemma2',
  modelTypes: ['gemma2'],
  classes: ['Gemma2ForCausalLM'],
  ggufArchitecture: 'gemma2',
  configDefaults: {
    head_dim: 256,
    hidden_activation: 'gelu_pytorch_tanh',
    max_position_embeddings: 8192,
    rms_norm_eps: 1e-6,
    query_pre_attn_scalar: 256,
    sliding_window: 4096,
    tie_word_embeddings: true,
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
  },
  activationField: 'hidden_activation',
  activation: 'gelu-tanh',
  ownFields: {
    query_pre_attn_scalar: null,
    // The first GGUF files of Gemma 2 omit the window and the caps; the defaults apply.
    sliding_window: 'attention.sliding_window',
    attn_logit_softcapping: 'attn_logit_softcapping',
    final_logit_softcapping: 'final_logit_softcapping',
  },
  biases: ['attention'],
  layerNames: gemmaLayerNames,
  normsLackOne: true,
  scales: ({ hiddenSize, own }) => ({
    embeddingScale: Math.sqrt(hiddenSize),
    logitCap: own.number('final_logit_softcapping'),
  }),
  layer: gemma2Layer,
});

function gemma2Layer(settings: Settings, index: number): LayerBlueprint {
  const type = settings.layerTypes?.[index] ?? (index % 2 === 0 ? 'sliding_attention' : 'full_attention');
  const layer = plainLayer(settings, {
    scale: 1 / Math.sqrt(gemmaQueryScalar(settings, LAYERS_OF_27B)),
    scoreCap: settings.own.number('attn_logit_softcapping'),
    window: type === 'sliding_attention' ? settings.own.number('sliding_window') : null,
  });
  return { ...layer, postNorms: true };
}
