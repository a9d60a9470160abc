import { HoldfastError } from '../errors.js';
import type { Refusal } from './family.js';
import { oneForAll } from './gguf-metadata.js';

const isTrue = (value: unknown): boolean => value === true;
const isNotZero = (value: unknown): boolean => value !== 0;
/** For factors in GGUF: 0 means "none". */
const isScale = (value: unknown): boolean => value !== 0 && value !== 1;
const isSet = (): boolean => true;
const isNotOne = (value: unknown): boolean => value !== 1;
const moreThanOne = (value: unknown): boolean => typeof value === 'number' && value > 1;

/**
 * Unsupported features of a config.json that would change the result.
 * A field that is absent or null asks for nothing.
 */
export const CONFIG_REFUSALS: readonly Refusal[] = [
  { field: 'quantization_config', refuses: isSet, feature: 'loading weights quantised by another library' },
  { field: 'num_local_experts', refuses: moreThanOne, feature: 'mixture of experts' },
  { field: 'num_experts', refuses: moreThanOne, feature: 'mixture of experts' },
  { field: 'n_routed_experts', refuses: moreThanOne, feature: 'mixture of experts' },
  { field: 'attn_logit_softcapping', refuses: isSet, feature: 'soft-capped attention scores' },
  { field: 'final_logit_softcapping', refuses: isSet, feature: 'soft-capped logits' },
  { field: 'partial_rotary_factor', refuses: isNotOne, feature: 'rotary embedding on a part of each head' },
  {
    field: 'use_bidirectional_attention',
    refuses: (value) => value !== false,
    feature: 'bidirectional attention',
  },
  { field: 'is_causal', refuses: (value) => value === false, feature: 'bidirectional attention' },
  { field: 'is_encoder_decoder', refuses: isTrue, feature: 'an encoder' },
  { field: 'add_cross_attention', refuses: isTrue, feature: 'cross-attention' },
  {
    field: 'attn_temperature_tuning',
    refuses: (value) => Boolean(value),
    feature: 'attention temperature tuning',
  },
  { field: 'alibi', refuses: isTrue, feature: 'ALiBi position biases' },
  {
    field: 'position_embedding_type',
    refuses: (value) => value !== 'rope' && value !== 'rotary',
    feature: 'a position embedding other than rope',
  },
  { field: 'rope_interleaved', refuses: isTrue, feature: 'interleaved rotary pairs' },
  { field: 'no_rope_layers', refuses: isSet, feature: 'layers without rotary embedding' },
  { field: 'attention_chunk_size', refuses: isSet, feature: 'chunked attention' },
  { field: 'clip_qkv', refuses: isSet, feature: 'clipped query, key and value' },
  { field: 'use_qk_norm', refuses: isTrue, feature: 'a different kind of query and key norms' },
  { field: 'embedding_multiplier', refuses: isNotOne, feature: 'an embedding multiplier' },
  { field: 'attention_multiplier', refuses: isSet, feature: 'an attention multiplier' },
  { field: 'residual_multiplier', refuses: isNotOne, feature: 'a residual multiplier' },
  { field: 'logits_scaling', refuses: isNotOne, feature: 'scaled logits' },
];

/** Numbers that some architectures state per layer. */
const PER_LAYER = ['attention.head_count', 'attention.head_count_kv', 'feed_forward_length'];
const isUneven = (value: unknown): boolean => typeof oneForAll(value) === 'object';

/** Unsupported features of GGUF metadata that would change the result, by key after `<architecture>.`. */
export const GGUF_REFUSALS: readonly Refusal[] = [
  ...PER_LAYER.map((field) => ({ field, refuses: isUneven, feature: 'a different size in each layer' })),
  { field: 'expert_count', refuses: isNotZero, feature: 'mixture of experts' },
  {
    field: 'attn_logit_softcapping',
    refuses: isNotZero,
    feature: 'soft-capped attention scores',
  },
  { field: 'final_logit_softcapping', refuses: isNotZero, feature: 'soft-capped logits' },
  { field: 'logit_scale', refuses: isScale, feature: 'scaled logits' },
  { field: 'embedding_scale', refuses: isScale, feature: 'an embedding multiplier' },
  { field: 'residual_scale', refuses: isScale, feature: 'a residual multiplier' },
  { field: 'use_parallel_residual', refuses: isTrue, feature: 'parallel attention and MLP' },
  { field: 'attention.scale', refuses: isNotZero, feature: 'a custom attention scale' },
  { field: 'attention.output_scale', refuses: isScale, feature: 'scaled attention output' },
  { field: 'attention.clamp_kqv', refuses: isNotZero, feature: 'clipped query, key and value' },
  { field: 'attention.max_alibi_bias', refuses: isNotZero, feature: 'ALiBi position biases' },
  { field: 'attention.causal', refuses: (value) => value === false, feature: 'bidirectional attention' },
  {
    field: 'attention.temperature_scale',
    refuses: isNotZero,
    feature: 'attention temperature tuning',
  },
  {
    field: 'attention.temperature_length',
    refuses: isNotZero,
    feature: 'attention temperature tuning',
  },
  { field: 'attention.shared_kv_layers', refuses: isNotZero, feature: 'layers that share keys' },
  { field: 'attention.q_lora_rank', refuses: isSet, feature: 'latent attention' },
  { field: 'attention.kv_lora_rank', refuses: isSet, feature: 'latent attention' },
  { field: 'attention.key_length_swa', refuses: isSet, feature: 'a different head size in sliding layers' },
  { field: 'attention.value_length_swa', refuses: isSet, feature: 'a different head size in sliding layers' },
  { field: 'rope.dimension_sections', refuses: isSet, feature: 'rotary embedding in sections' },
  {
    field: 'rope.scaling.yarn_log_multiplier',
    refuses: isNotZero,
    feature: 'a YaRN log multiplier',
  },
  {
    field: 'rope.scaling.yarn_ext_factor',
    refuses: (value) => value !== 1 && value !== -1,
    feature: 'a YaRN extrapolation factor',
  },
  { field: 'rope.scaling.yarn_attn_factor', refuses: isScale, feature: 'a YaRN attention factor' },
];

/** Returns the refusals without those of fields that the family reads itself (`ownFields`). */
export function unlessRead(refusals: readonly Refusal[], fields: readonly (string | null)[]): Refusal[] {
  return refusals.filter(({ field }) => !fields.includes(field));
}

/**
 * Throws if the file asks for an unsupported feature.
 * @param read returns a field's value; undefined if the file does not have it
 * @param prefix text before the field's name, for errors
 * @throws HoldfastError `E_UNSUPPORTED` with the first such feature
 */
export function refuse(
  refusals: readonly Refusal[],
  read: (field: string) => unknown,
  file: string,
  prefix = '',
): void {
  for (const { field, refuses, feature } of refusals) {
    const value = read(field);
    if (value === undefined || value === null || !refuses(value)) continue;
    throw new HoldfastError('E_UNSUPPORTED', `${feature} is not supported`, {
      file,
      field: `${prefix}${field}`,
    });
  }
}
