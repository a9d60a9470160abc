import { describe, expect, it } from 'vitest';
import { configFixture, modelFixture, tensor, withTensors } from '../../test/support/model-fixtures.js';
import type { Checkpoint } from '../formats/index.js';
import { type Blueprint, planModel } from './index.js';
import { CONFIG_REFUSALS } from './refusals.js';

type Name = 'llama' | 'mistral' | 'qwen2' | 'qwen3' | 'gemma3';

/** The blueprint of a tiny model whose config.json has these fields changed (undefined: removed). */
async function blueprintOf(name: Name, change: Record<string, unknown>): Promise<Blueprint> {
  const config = await configFixture(name, 'config.v4.json');
  return (await planModel(await modelFixture(name), JSON.parse(JSON.stringify({ ...config, ...change }))))
    .blueprint;
}

const windows = (blueprint: Blueprint) => blueprint.layers.map(({ attention }) => attention.window);
const ropeOf = (blueprint: Blueprint) => blueprint.layers[0]?.attention.rope;

const REFUSED: readonly (readonly [Name, Record<string, unknown>])[] = [
  ['llama', { quantization_config: { quant_method: 'gptq', bits: 4 } }],
  ['mistral', { num_local_experts: 8 }],
  ['qwen3', { num_experts: 128 }],
  ['llama', { n_routed_experts: 64 }],
  ['gemma3', { attn_logit_softcapping: 50 }],
  ['gemma3', { final_logit_softcapping: 30 }],
  ['llama', { partial_rotary_factor: 0.5 }],
  ['gemma3', { use_bidirectional_attention: true }],
  ['qwen2', { is_causal: false }],
  ['llama', { is_encoder_decoder: true }],
  ['llama', { add_cross_attention: true }],
  ['llama', { attn_temperature_tuning: 4 }],
  ['llama', { alibi: true }],
  ['llama', { position_embedding_type: 'alibi' }],
  ['llama', { rope_interleaved: true }],
  ['llama', { no_rope_layers: [1, 1, 0] }],
  ['llama', { attention_chunk_size: 8192 }],
  ['llama', { clip_qkv: 8 }],
  ['llama', { use_qk_norm: true }],
  ['llama', { embedding_multiplier: 12 }],
  ['llama', { attention_multiplier: 0.0156 }],
  ['llama', { residual_multiplier: 0.22 }],
  ['llama', { logits_scaling: 8 }],
  ['llama', { sliding_window: 4096 }],
];

describe('a config.json that asks for what is not implemented', () => {
  it.each(REFUSED)('is refused by the name of the field: %s %j', async (name, change) => {
    await expect(blueprintOf(name, change)).rejects.toMatchObject({
      code: 'E_UNSUPPORTED',
      field: Object.keys(change)[0],
    });
  });

  it('has a test for every refusal', () => {
    const tested = new Set(REFUSED.flatMap(([, change]) => Object.keys(change)));
    expect(CONFIG_REFUSALS.filter(({ field }) => !tested.has(field))).toEqual([]);
  });

  it.each([
    ['llama', { hidden_act: 'relu' }, 'hidden_act', 'relu'],
    ['llama', { hidden_act: 'constructor' }, 'hidden_act', 'constructor'],
    ['gemma3', { hidden_activation: 'gelu' }, 'hidden_activation', 'gelu'],
    ['llama', { rope_scaling: { type: 'dynamic', factor: 2 } }, 'rope_scaling.rope_type', 'dynamic'],
    ['llama', { rope_scaling: { rope_type: 'longrope' } }, 'rope_scaling.rope_type', 'longrope'],
    ['llama', { rope_scaling: { rope_type: 'toString' } }, 'rope_scaling.rope_type', 'toString'],
    [
      'llama',
      { rope_parameters: { rope_theta: 1e4, rope_type: 'mrope' } },
      'rope_parameters.rope_type',
      'mrope',
    ],
    [
      'llama',
      { rope_parameters: { partial_rotary_factor: 0.25 } },
      'rope_parameters.partial_rotary_factor',
      'part',
    ],
    [
      'qwen2',
      { rope_scaling: { type: 'default', mrope_section: [1] } },
      'rope_scaling.mrope_section',
      'sections',
    ],
    [
      'mistral',
      { rope_parameters: { llama_4_scaling_beta: 0.1 } },
      'rope_parameters.llama_4_scaling_beta',
      'temp',
    ],
    [
      'qwen3',
      { layer_types: ['full_attention', 'chunked_attention', 'full_attention'] },
      'layer_types.1',
      'chunked',
    ],
    [
      'qwen3',
      { layer_types: ['linear_attention', 'full_attention', 'full_attention'] },
      'layer_types.0',
      'linear',
    ],
    ['llama', { model_type: 'mixtral' }, 'model_type', 'mixtral'],
    ['llama', { model_type: 'constructor' }, 'model_type', 'constructor'],
    ['llama', { model_type: undefined, architectures: ['PhiForCausalLM'] }, 'architectures', 'Phi'],
    [
      'llama',
      { architectures: ['LlamaForSequenceClassification'] },
      'architectures',
      'SequenceClassification',
    ],
  ] as const)('is refused by name: %s %j', async (name, change, field, named) => {
    const refusal = blueprintOf(name, change);
    await expect(refusal).rejects.toMatchObject({ code: 'E_UNSUPPORTED', field });
    await expect(refusal).rejects.toThrow(named);
  });

  it('is told which architectures there are', async () => {
    await expect(blueprintOf('llama', { model_type: 'gpt2' })).rejects.toThrow(
      'architecture "gpt2" is not supported (config.json, field model_type). ' +
        'Supported are llama, mistral, qwen2, qwen3, gemma3_text, gemma3',
    );
  });

  it.each([
    { quantization_config: null },
    { num_experts: 1 },
    { partial_rotary_factor: 1 },
    { use_bidirectional_attention: false, is_causal: true },
    { architectures: null },
    { model_type: undefined },
    { rope_scaling: {} },
    { rope_scaling: { type: 'default' } },
    { num_key_value_heads: 2, head_dim: null },
  ])('is accepted where the field asks for nothing: %j', async (change) => {
    expect(await blueprintOf('llama', change)).toEqual(await blueprintOf('llama', {}));
  });
});

describe('a config.json that is wrong', () => {
  it.each([
    ['llama', { hidden_size: undefined }, 'hidden_size'],
    ['llama', { num_attention_heads: 0 }, 'num_attention_heads'],
    ['llama', { num_hidden_layers: 1e9 }, 'num_hidden_layers'],
    ['llama', { num_hidden_layers: 2.5 }, 'num_hidden_layers'],
    ['llama', { rms_norm_eps: '1e-5' }, 'rms_norm_eps'],
    ['llama', { rope_theta: -1 }, 'rope_theta'],
    ['llama', { rope_theta: 1 }, 'layers.0.rope.base'],
    ['llama', { rope_scaling: { type: 'linear' } }, 'rope_scaling.factor'],
    ['llama', { rope_scaling: { type: 'linear', factor: 'two' } }, 'rope_scaling.factor'],
    [
      'llama',
      { rope_scaling: { rope_type: 'llama3', factor: 8, high_freq_factor: 4 } },
      'rope_scaling.low_freq_factor',
    ],
    [
      'llama',
      { rope_scaling: { rope_type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 4 } },
      'layers.0.rope.scaling.highFrequencyFactor',
    ],
    [
      'llama',
      { rope_scaling: { type: 'yarn', factor: 2, beta_fast: 1, beta_slow: 2 } },
      'layers.0.rope.scaling.betaFast',
    ],
    ['llama', { num_key_value_heads: 3 }, 'layers.0.kvHeads'],
    ['llama', { head_dim: 15 }, 'layers.0.headDim'],
    ['llama', { vocab_size: 2 ** 30 }, 'vocabSize'],
    ['llama', { max_position_embeddings: 2 ** 40 }, 'contextLength'],
    ['qwen3', { layer_types: ['full_attention'] }, 'layer_types'],
    ['qwen3', { layer_types: ['full_attention', 'sliding_attention', 'full_attention'] }, 'layer_types'],
    ['mistral', { layer_types: ['full_attention', 'sliding_attention', 'full_attention'] }, 'layer_types'],
    ['gemma3', { text_config: 7 }, 'text_config'],
  ] as const)('is refused with the place: %s %j', async (name, change, field) => {
    await expect(blueprintOf(name, change)).rejects.toMatchObject({ code: 'E_CONFIG', field });
  });

  it.each([null, 'llama', 7, []])('is refused when it is no object: %j', async (config) => {
    await expect(planModel(await modelFixture('llama'), config)).rejects.toMatchObject({ code: 'E_CONFIG' });
  });

  it('is demanded beside safetensors', async () => {
    await expect(planModel(await modelFixture('llama'))).rejects.toMatchObject({ code: 'E_CONFIG' });
  });
});

describe('rope in config.json', () => {
  const llama3 = {
    factor: 32,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };

  it.each([
    ['llama3', llama3],
    ['linear', { factor: 4 }],
    ['yarn', { factor: 4, original_max_position_embeddings: 128 }],
    [
      'yarn',
      { factor: 4, original_max_position_embeddings: 128, beta_fast: 16, beta_slow: 2, truncate: false },
    ],
  ])('is the same by type, rope_type and rope_parameters: %s %j', async (type, parameters) => {
    const oldest = await blueprintOf('llama', { rope_theta: 5e5, rope_scaling: { type, ...parameters } });
    const old = await blueprintOf('llama', {
      rope_theta: 5e5,
      rope_scaling: { rope_type: type, ...parameters },
    });
    const rope_parameters = { rope_type: type, rope_theta: 5e5, ...parameters };
    const now = await blueprintOf('llama', {
      rope_theta: undefined,
      rope_scaling: undefined,
      rope_parameters,
    });
    expect(old).toEqual(oldest);
    expect(now).toEqual(oldest);
    expect(ropeOf(now)).toMatchObject({ base: 5e5, scaling: { type } });
  });

  it('fills in what yarn leaves out', async () => {
    const blueprint = await blueprintOf('llama', { rope_scaling: { type: 'yarn', factor: 4 } });
    expect(ropeOf(blueprint)?.scaling).toEqual({
      type: 'yarn',
      factor: 4,
      originalContextLength: 512,
      betaFast: 32,
      betaSlow: 1,
      attentionFactor: null,
      truncate: true,
    });
  });

  it('takes the factor of yarn from the two context lengths', async () => {
    const blueprint = await blueprintOf('llama', {
      rope_scaling: { type: 'yarn', factor: null, original_max_position_embeddings: 128 },
    });
    expect(ropeOf(blueprint)?.scaling).toMatchObject({ factor: 4, originalContextLength: 128 });
  });

  // 1.0569662567531275 is what transformers' _compute_yarn_parameters returns for these.
  it('resolves mscale and mscale_all_dim into one attention factor', async () => {
    const blueprint = await blueprintOf('llama', {
      rope_scaling: { type: 'yarn', factor: 40, mscale: 1, mscale_all_dim: 0.8 },
    });
    const scaling = ropeOf(blueprint)?.scaling;
    expect(scaling?.type === 'yarn' && scaling.attentionFactor).toBeCloseTo(1.0569662567531275, 14);
  });

  it('has a base of its own in each family where the file is silent', async () => {
    const silent = { rope_theta: undefined, rope_scaling: undefined, rope_local_base_freq: undefined };
    expect(ropeOf(await blueprintOf('llama', silent))?.base).toBe(10000);
    const { layers } = await blueprintOf('gemma3', silent);
    expect(layers[0]?.attention.rope).toEqual({ base: 10000, scaling: null });
    expect(layers[5]?.attention.rope).toEqual({ base: 1e6, scaling: null });
  });
});

describe('sliding windows', () => {
  it('are on every layer of mistral, 4096 where the file is silent, none for null', async () => {
    expect(windows(await blueprintOf('mistral', {}))).toEqual([20, 20, 20]);
    expect(windows(await blueprintOf('mistral', { sliding_window: undefined }))).toEqual([4096, 4096, 4096]);
    expect(windows(await blueprintOf('mistral', { sliding_window: null }))).toEqual([null, null, null]);
  });

  it('begin at max_window_layers in qwen, if switched on', async () => {
    const on = { use_sliding_window: true, sliding_window: 16, max_window_layers: 1 };
    expect(windows(await blueprintOf('qwen2', on))).toEqual([null, 16, 16]);
    expect(windows(await blueprintOf('qwen3', { ...on, use_sliding_window: false }))).toEqual([
      null,
      null,
      null,
    ]);
    const layer_types = ['sliding_attention', 'full_attention', 'full_attention'];
    expect(windows(await blueprintOf('qwen3', { ...on, layer_types }))).toEqual([16, null, null]);
  });

  it('follow the pattern in gemma3, and are handed the local rope base', async () => {
    const blueprint = await blueprintOf('gemma3', { sliding_window_pattern: 3, rope_local_base_freq: 5000 });
    expect(windows(blueprint)).toEqual([16, 16, null, 16, 16, null, 16]);
    expect(blueprint.layers.map(({ attention }) => attention.rope.base)).toEqual([
      5000, 5000, 1e6, 5000, 5000, 1e6, 5000,
    ]);
  });
});

describe('gemma3', () => {
  it('scales queries by query_pre_attn_scalar and embeddings by the root of the hidden size', async () => {
    const { layers, embeddingScale } = await blueprintOf('gemma3', { query_pre_attn_scalar: 64 });
    expect(layers[0]?.attention.scale).toBe(1 / 8);
    expect(embeddingScale).toBe(8);
  });

  it.each(['language_model.model.', 'model.language_model.'])(
    'is the same inside a multimodal model, with tensors under %s',
    async (prefix) => {
      const checkpoint = await modelFixture('gemma3');
      const text_config = await configFixture('gemma3', 'config.v4.json');
      const multimodal: Checkpoint = {
        ...checkpoint,
        tensors: new Map(
          [...checkpoint.tensors].map(([name, info]) => {
            const renamed = name.replace(/^model\./, prefix);
            return [renamed, { ...info, name: renamed }];
          }),
        ),
      };
      const withVision = withTensors(multimodal, (tensors) => {
        tensors.set('vision_tower.patch', tensor('vision_tower.patch', [4]));
        tensors.set('model.multi_modal_projector.norm', tensor('model.multi_modal_projector.norm', [4]));
      });
      const { vocab_size: _, ...silentOnVocabulary } = text_config;
      const plan = await planModel(withVision, {
        model_type: 'gemma3',
        architectures: ['Gemma3ForConditionalGeneration'],
        text_config: silentOnVocabulary,
        vision_config: {},
      });
      expect(plan.blueprint).toEqual((await planModel(checkpoint, text_config)).blueprint);
      expect(plan.weights.get('embedding')?.tensor).toBe(`${prefix}embed_tokens.weight`);
    },
  );

  it('fills in what the files on the hub leave out of text_config', async () => {
    const hub = { text_config: { hidden_size: 64, sliding_window: 1024 }, model_type: 'gemma3' };
    const planned = planModel(await modelFixture('gemma3'), hub);
    // 26 layers of 8 heads of 256 is the default, which the tiny weights are not.
    await expect(planned).rejects.toThrow(
      'model.layers.0.self_attn.q_proj.weight (layers.0.query) has shape [64, 64], expected [2048, 64]',
    );
  });
});
