import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FamilyName } from '../../test/support/families.js';
import {
  blueprintOf,
  configFixture,
  modelFixture,
  tensor,
  withTensors,
} from '../../test/support/model-fixtures.js';
import { HoldfastError } from '../errors.js';
import type { Checkpoint } from '../formats/index.js';
import { FAMILIES } from './families.js';
import { planModel } from './index.js';
import { CONFIG_REFUSALS } from './refusals.js';

const REFUSED: readonly (readonly [FamilyName, Record<string, unknown>])[] = [
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

describe('a config.json that asks for an unsupported feature', () => {
  it.each(REFUSED)('is refused with the name of the field: %s %j', async (name, change) => {
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
    [
      'llama',
      { rope_scaling: { type: 'proportional', factor: 2 } },
      'rope_scaling.rope_type',
      'proportional',
    ],
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
  ] as const)('is refused with the name of the feature: %s %j', async (name, change, field, named) => {
    const refusal = blueprintOf(name, change);
    await expect(refusal).rejects.toMatchObject({ code: 'E_UNSUPPORTED', field });
    await expect(refusal).rejects.toThrow(named);
  });

  it.each([{ toString: 1 }, 7, null, ['LlamaForCausalLM']])(
    'is refused for a class that is no name: %j',
    async (name) => {
      const config = { model_type: undefined, architectures: [name] };
      await expect(blueprintOf('llama', config)).rejects.toMatchObject({
        code: 'E_CONFIG',
        field: 'architectures.0',
      });
    },
  );

  it('gets a list of the supported architectures', async () => {
    await expect(blueprintOf('llama', { model_type: 'gpt2' })).rejects.toThrow(
      'architecture "gpt2" is not supported (config.json, field model_type). ' +
        `Supported are ${FAMILIES.flatMap(({ modelTypes }) => modelTypes).join(', ')}`,
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
  ])('is accepted if the field asks for nothing: %j', async (change) => {
    expect(await blueprintOf('llama', change)).toEqual(await blueprintOf('llama', {}));
  });
});

describe('an invalid config.json', () => {
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
    ['llama', { head_dim: 15 }, 'layers.0.rope.rotaryDim'],
    ['llama', { vocab_size: 2 ** 30 }, 'vocabSize'],
    ['llama', { max_position_embeddings: 2 ** 40 }, 'contextLength'],
    ['qwen3', { layer_types: ['full_attention'] }, 'layer_types'],
    ['qwen3', { layer_types: ['full_attention', 'sliding_attention', 'full_attention'] }, 'layer_types'],
    ['mistral', { layer_types: ['full_attention', 'sliding_attention', 'full_attention'] }, 'layer_types'],
    ['gemma3', { text_config: 7 }, 'text_config'],
  ] as const)('is refused with the place: %s %j', async (name, change, field) => {
    await expect(blueprintOf(name, change)).rejects.toMatchObject({ code: 'E_CONFIG', field });
  });

  it.each([null, 'llama', 7, []])('is refused if it is not an object: %j', async (config) => {
    await expect(planModel(await modelFixture('llama'), config)).rejects.toMatchObject({ code: 'E_CONFIG' });
  });

  it.each([
    ['llama', { hidden_activation: 7 }],
    ['mistral', { attention_bias: 'none', mlp_bias: 0, use_sliding_window: 'no' }],
    ['qwen2', { use_sliding_window: false, sliding_window: 0, attention_bias: 7 }],
    ['gemma3', { hidden_act: 7, mlp_bias: 'x' }],
    [
      'llama',
      {
        ...{ pad_token_id: -1, bos_token_id: 'x', eos_token_id: [2, -7, 1.5], torch_dtype: 7 },
        ...{ transformers_version: [], initializer_range: null, task_specific_params: 'x' },
      },
    ],
  ] as const)('may hold anything in fields that %s does not read: %j', async (name, change) => {
    expect(await blueprintOf(name, change)).toEqual(await blueprintOf(name, {}));
  });

  it('gives a plan or an error with a code, whatever it holds', async () => {
    const checkpoint = await modelFixture('gemma3');
    const good = await configFixture('gemma3', 'config.v4.json');
    const fields = [...Object.keys(good), 'rope_parameters', 'layer_types', 'text_config', 'mlp_bias'];
    const change = fc.dictionary(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(change, async (changed) => {
        const outcome = await planModel(checkpoint, { ...good, ...changed }).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(HoldfastError);
      }),
      { numRuns: 300 },
    );
  });

  it('is required beside safetensors', async () => {
    await expect(planModel(await modelFixture('llama'))).rejects.toMatchObject({ code: 'E_CONFIG' });
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

  it('fills in what files on the hub omit from text_config', async () => {
    const hub = { text_config: { hidden_size: 64, sliding_window: 1024 }, model_type: 'gemma3' };
    const planned = planModel(await modelFixture('gemma3'), hub);
    // The default is 26 layers of 8 heads of 256, which the tiny weights do not match.
    await expect(planned).rejects.toThrow(
      'model.layers.0.self_attn.q_proj.weight (layers.0.query) has shape [64, 64], expected [2048, 64]',
    );
  });
});
