import { family, plainLayer } from './family.js';
import { gemmaLayerNames } from './gemma.js';

/**
 * OLMo 2 (arXiv 2501.00656): norms on the outputs of attention and MLP instead of their inputs, and norms on queries
 * and keys over all heads together.
 */
export const olmo2 = family({
  name: 'olmo2',
  modelTypes: ['olmo2'],
  classes: ['Olmo2ForCausalLM'],
  ggufArchitecture: 'olmo2',
  configDefaults: {
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
  },
  biases: ['attention'],
  layerNames: gemmaLayerNames,
  layer: (settings) => ({
    ...plainLayer(settings, { queryKeyNorm: 'all heads' }),
    preNorms: false,
    postNorms: true,
  }),
});
