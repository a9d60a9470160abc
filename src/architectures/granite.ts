import { family, plainLayer } from './family.js';

/** Granite 3 (IBM, "Granite 3.0 Language Models"): Llama with four multipliers, of maximal update parametrisation. */
export const granite = family({
  name: 'granite',
  modelTypes: ['granite'],
  classes: ['GraniteForCausalLM'],
  ggufArchitecture: 'granite',
  configDefaults: {
    hidden_act: 'silu',
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-6,
    // The default of transformers: scores are not divided by √headDim.
    attention_multiplier: 1,
  },
  ownFields: {
    embedding_multiplier: 'embedding_scale',
    attention_multiplier: 'attention.scale',
    residual_multiplier: 'residual_scale',
    logits_scaling: 'logit_scale',
  },
  ggufInterleavesRope: true,
  scales: ({ own }) => ({
    embeddingScale: own.number('embedding_multiplier') ?? 1,
    residualScale: own.number('residual_multiplier') ?? 1,
    // Despite its name, the field is a divisor.
    logitScale: 1 / (own.number('logits_scaling') ?? 1),
  }),
  layer: (settings) => {
    const scale = settings.own.number('attention_multiplier');
    return plainLayer(settings, scale === null ? {} : { scale });
  },
});
