import { HoldfastError } from '../errors.js';
import { type Checkpoint, dequantize, readTensor } from '../formats/index.js';
import type { RopeBlueprint, RopeScaling } from './blueprint.js';
import { familyOfGguf } from './families.js';
import type { Family, LayerType, Settings } from './family.js';
import { type GgufMetadata, ggufMetadata } from './gguf-metadata.js';
import { LIMITS } from './limits.js';
import { ROPE_DIVISORS_TENSOR } from './locate-weights.js';
import { GGUF_REFUSALS, refuse } from './refusals.js';
import { type TensorNames, tensorNames, vocabularyOf } from './tensor-names.js';

/**
 * Reads a GGUF's metadata. What a GGUF cannot say is known of the family (activation, query scale, Gemma's local
 * rope base and sliding pattern) or seen from its tensors (biases, tied embeddings).
 * @throws HoldfastError `E_CONFIG`, `E_UNSUPPORTED`
 */
export async function settingsFromGguf(
  checkpoint: Checkpoint,
): Promise<{ readonly family: Family; readonly settings: Settings; readonly names: TensorNames }> {
  const architecture = checkpoint.metadata.get('general.architecture');
  const family = familyOfGguf(typeof architecture === 'string' ? architecture : null, checkpoint.name);
  const metadata = ggufMetadata(checkpoint, String(architecture));
  refuse(GGUF_REFUSALS, metadata.raw, checkpoint.name, `${architecture}.`);

  const names = tensorNames(checkpoint, family);
  const has = (tensor: string): boolean => checkpoint.tensors.has(tensor);
  const hiddenSize = metadata.demandCount('embedding_length');
  const layerCount = metadata.demandCount('block_count');
  if (layerCount > LIMITS.layers) {
    throw metadata.error(
      'E_CONFIG',
      'block_count',
      `${layerCount} layers are more than the ${LIMITS.layers} possible`,
    );
  }
  const heads = metadata.demandCount('attention.head_count');
  const headDim = metadata.count('attention.key_length') ?? Math.floor(hiddenSize / heads);
  checkHeadSizes(metadata, headDim);
  const contextLength = metadata.demandCount('context_length');
  const rope: RopeBlueprint = {
    base: metadata.float('rope.freq_base') ?? family.ropeBase,
    scaling: await scalingOf(metadata, checkpoint, contextLength, headDim),
  };
  const slidingBase = metadata.float('rope.freq_base_swa') ?? family.slidingRopeBase;
  const settings: Settings = {
    vocabSize: metadata.count('vocab_size') ?? vocabularyOf(checkpoint, names),
    hiddenSize,
    layerCount,
    contextLength,
    normEpsilon: metadata.demandFloat('attention.layer_norm_rms_epsilon'),
    heads,
    kvHeads: metadata.count('attention.head_count_kv') ?? heads,
    headDim,
    mlpSize: metadata.demandCount('feed_forward_length'),
    activation: family.activation,
    tiedEmbeddings: !has(names.head),
    queryKeyValueBias: has(names.layer(0, 'queryBias')),
    outputBias: has(names.layer(0, 'outputBias')),
    mlpBias: has(names.layer(0, 'gateBias')),
    queryScalar: null,
    // Converters write 0 for "no window".
    window:
      metadata.raw('attention.sliding_window') === 0 ? null : metadata.count('attention.sliding_window'),
    ...slidingLayers(metadata, layerCount),
    maxWindowLayers: null,
    rope,
    slidingRope: slidingBase === null ? rope : { base: slidingBase, scaling: null },
  };
  return { family, settings, names };
}

/** Rotation and values over the whole head: anything else is another model. */
function checkHeadSizes(metadata: GgufMetadata, headDim: number): void {
  for (const [key, feature] of [
    ['rope.dimension_count', 'rotary embedding of a part of each head'],
    ['rope.dimension_count_swa', 'rotary embedding of a part of each head'],
    ['attention.value_length', 'another size of values than of keys'],
  ] as const) {
    const size = metadata.count(key);
    if (size === null || size === headDim) continue;
    throw metadata.error('E_UNSUPPORTED', key, `${feature} (${size} of ${headDim}) is not supported`);
  }
}

/** `sliding_window_pattern` is a period in some files and a flag per layer in others. */
function slidingLayers(
  metadata: GgufMetadata,
  layerCount: number,
): { readonly layerTypes: readonly LayerType[] | null; readonly slidingPattern: number | null } {
  const key = 'attention.sliding_window_pattern';
  const value = metadata.raw(key);
  if (!Array.isArray(value) || value.length !== layerCount) {
    return { layerTypes: null, slidingPattern: metadata.count(key) };
  }
  return {
    layerTypes: value.map((slides) => (slides ? 'sliding_attention' : 'full_attention')),
    slidingPattern: null,
  };
}

async function scalingOf(
  metadata: GgufMetadata,
  checkpoint: Checkpoint,
  contextLength: number,
  headDim: number,
): Promise<RopeScaling | null> {
  const scaling = scalingOfMetadata(metadata, contextLength);
  const info = checkpoint.tensors.get(ROPE_DIVISORS_TENSOR);
  if (info === undefined) return scaling;
  if (scaling !== null) {
    throw metadata.error(
      'E_UNSUPPORTED',
      'rope.scaling.type',
      `rope scaling "${scaling.type}" together with ${ROPE_DIVISORS_TENSOR} is not supported`,
    );
  }
  if (info.shape.length !== 1 || info.shape[0] !== headDim / 2) {
    throw new HoldfastError(
      'E_TENSOR_SHAPE',
      `tensor ${info.name} has shape [${info.shape.join(', ')}], expected [${headDim / 2}]`,
      { file: checkpoint.name, field: info.name },
    );
  }
  return { type: 'divisors', divisors: [...dequantize(info.type, await readTensor(info))] };
}

/** A missing type means linear, and a missing factor none, as in llama.cpp. */
function scalingOfMetadata(metadata: GgufMetadata, contextLength: number): RopeScaling | null {
  const type = metadata.text('rope.scaling.type') ?? 'linear';
  // `scale_linear` is the factor's name in the first GGUF files.
  const factor = metadata.float('rope.scaling.factor') ?? metadata.float('rope.scale_linear') ?? 1;
  if (type === 'none') return null;
  if (type === 'linear') return factor === 1 || factor === 0 ? null : { type, factor };
  if (type === 'yarn') {
    const attention = metadata.float('rope.scaling.attn_factor') ?? 1;
    return {
      type,
      factor,
      originalContextLength: metadata.count('rope.scaling.original_context_length') ?? contextLength,
      betaFast: metadata.float('rope.scaling.yarn_beta_fast') ?? 32,
      betaSlow: metadata.float('rope.scaling.yarn_beta_slow') ?? 1,
      // llama.cpp multiplies the paper's factor by the file's.
      attentionFactor: attention === 1 ? null : attention * (0.1 * Math.log(factor) + 1),
      truncate: true,
    };
  }
  throw metadata.error(
    'E_UNSUPPORTED',
    'rope.scaling.type',
    `rope scaling "${type}" is not supported`,
    'Supported are none, linear and yarn',
  );
}
