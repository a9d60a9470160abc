import { z } from 'zod';
import { HoldfastError } from '../errors.js';
import type { Checkpoint } from '../formats/index.js';
import { familyOfConfig } from './families.js';
import type { Family, LayerType, Settings } from './family.js';
import { LIMITS } from './limits.js';
import { ownFields } from './own-fields.js';
import { parse } from './parse.js';
import { CONFIG_REFUSALS, refuse, unlessRead } from './refusals.js';
import { ropeFromConfig } from './rope-settings.js';
import { type TensorNames, tensorNames, vocabularyOf } from './tensor-names.js';

const FILE = 'config.json';

const count = z.number().int().positive();
const flag = z.boolean().nullish();

/** The fields that families read. All others are refused by name or do not affect the result. */
const configSchema = z.looseObject({
  vocab_size: count.nullish(),
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count.max(LIMITS.layers),
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  max_position_embeddings: count,
  rms_norm_eps: z.number().positive(),
  hidden_act: z.string().nullish(),
  hidden_activation: z.string().nullish(),
  tie_word_embeddings: flag,
  attention_bias: flag,
  mlp_bias: flag,
  sliding_window: count.nullish(),
  use_sliding_window: flag,
  sliding_window_pattern: count.nullish(),
  layer_types: z.array(z.string()).nullish(),
  rope_parameters: z.record(z.string(), z.unknown()).nullish(),
  rope_scaling: z.record(z.string(), z.unknown()).nullish(),
  rope_theta: z.number().positive().nullish(),
  rope_local_base_freq: z.number().positive().nullish(),
  original_max_position_embeddings: count.nullish(),
  partial_rotary_factor: z.number().nullish(),
});
type Config = z.infer<typeof configSchema>;

const ACTIVATIONS: ReadonlyMap<string, Settings['activation']> = new Map([
  ['silu', 'silu'],
  ['swish', 'silu'],
  ['gelu_pytorch_tanh', 'gelu-tanh'],
]);

/**
 * Reads a config.json as transformers 5 writes it (`rope_parameters`, `layer_types`) or as transformers 4 does
 * (`rope_theta`, `rope_scaling`, `sliding_window_pattern`). Absent fields get the defaults of transformers' config
 * class.
 * @throws HoldfastError `E_CONFIG`, `E_UNSUPPORTED`
 */
export function settingsFromConfig(
  checkpoint: Checkpoint,
  raw: unknown,
): { readonly family: Family; readonly settings: Settings; readonly names: TensorNames } {
  const whole = parse(z.record(z.string(), z.unknown()), raw, FILE);
  const family = familyOfConfig(whole, FILE);
  const text = textConfig(whole);
  const refusals = [...unlessRead(CONFIG_REFUSALS, Object.keys(family.ownFields)), ...family.refusals];
  refuse(refusals, (field) => text[field] ?? whole[field], FILE);
  const config = parse(configSchema, withoutUnread({ ...family.configDefaults, ...text }, family), FILE);
  const names = tensorNames(checkpoint, family);
  const headDim = config.head_dim ?? Math.floor(config.hidden_size / config.num_attention_heads);
  const attentionBias = family.biases.includes('attention') && config.attention_bias === true;
  const settings: Settings = {
    vocabSize: config.vocab_size ?? vocabularyOf(checkpoint, names),
    hiddenSize: config.hidden_size,
    layerCount: config.num_hidden_layers,
    contextLength: config.max_position_embeddings,
    normEpsilon: config.rms_norm_eps,
    heads: config.num_attention_heads,
    kvHeads: config.num_key_value_heads ?? config.num_attention_heads,
    headDim,
    mlpSize: config.intermediate_size,
    activation: activationOf(config, family),
    tied: config.tie_word_embeddings ?? null,
    queryKeyValueBias: attentionBias,
    outputBias: attentionBias,
    mlpBias: family.biases.includes('mlp') && config.mlp_bias === true,
    window: config.sliding_window ?? null,
    layerTypes: layerTypesOf(config),
    slidingPattern: config.sliding_window_pattern ?? null,
    ...ropeFromConfig(config, family, headDim, FILE),
    own: ownFields(
      (field) => config[field],
      (field, what) => {
        throw new HoldfastError('E_CONFIG', what, { file: FILE, field });
      },
    ),
  };
  return { family, settings, names };
}

/** Returns the fields without those that this family does not read, so that a wrong one stops nothing. */
function withoutUnread(
  fields: Readonly<Record<string, unknown>>,
  family: Family,
): Readonly<Record<string, unknown>> {
  const switches = 'use_sliding_window' in family.configDefaults;
  const unread = [
    family.activationField === 'hidden_act' ? 'hidden_activation' : 'hidden_act',
    ...(family.biases.includes('attention') ? [] : ['attention_bias']),
    ...(family.biases.includes('mlp') ? [] : ['mlp_bias']),
    ...(switches ? [] : ['use_sliding_window']),
    // Qwen's files state a window and switch it off.
    ...(switches && fields.use_sliding_window === false ? ['sliding_window'] : []),
  ];
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !unread.includes(name)));
}

/** Returns the text model's part of a multimodal config.json, with the fields that it inherits. */
function textConfig(whole: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (whole.text_config === undefined || whole.text_config === null) return whole;
  const text = parse(z.record(z.string(), z.unknown()), whole.text_config, FILE, 'text_config');
  const tied = text.tie_word_embeddings ?? whole.tie_word_embeddings;
  return tied === undefined ? text : { ...text, tie_word_embeddings: tied };
}

function activationOf(config: Config, family: Family): Settings['activation'] {
  const name = config[family.activationField];
  if (name === null || name === undefined) return family.activation;
  const activation = ACTIVATIONS.get(name);
  if (activation === undefined) {
    throw new HoldfastError('E_UNSUPPORTED', `activation "${name}" is not supported`, {
      file: FILE,
      field: family.activationField,
      hint: `Supported are ${[...ACTIVATIONS.keys()].join(', ')}`,
    });
  }
  return activation;
}

function layerTypesOf(config: Config): readonly LayerType[] | null {
  const types = config.layer_types;
  if (types === null || types === undefined) return null;
  if (types.length !== config.num_hidden_layers) {
    throw new HoldfastError(
      'E_CONFIG',
      `layer_types lists ${types.length} layers, but num_hidden_layers is ${config.num_hidden_layers}`,
      { file: FILE, field: 'layer_types' },
    );
  }
  return types.map((type, index) => {
    if (type === 'full_attention' || type === 'sliding_attention') return type;
    throw new HoldfastError('E_UNSUPPORTED', `layer type "${type}" is not supported`, {
      file: FILE,
      field: `layer_types.${index}`,
      hint: 'Supported are full_attention and sliding_attention',
    });
  });
}
