import type { Checkpoint } from '../formats/index.js';
import { familyOfGguf } from './families.js';
import type { Family, LayerType, Settings } from './family.js';
import { type GgufMetadata, ggufMetadata } from './gguf-metadata.js';
import { ropeFromGguf } from './gguf-rope.js';
import { LIMITS } from './limits.js';
import { ownFields } from './own-fields.js';
import { GGUF_REFUSALS, refuse, unlessRead } from './refusals.js';
import { type TensorNames, tensorNames, vocabularyOf } from './tensor-names.js';

/**
 * Reads the settings of a GGUF from its metadata. What the metadata cannot state comes from the family (activation,
 * query scale, Gemma's local rope base and sliding pattern) or from the tensors (biases, a head of their own).
 * @throws HoldfastError `E_CONFIG`, `E_UNSUPPORTED`
 */
export async function settingsFromGguf(checkpoint: Checkpoint): Promise<{
  readonly family: Family;
  readonly settings: Settings;
  readonly names: TensorNames;
  readonly notes: readonly string[];
}> {
  const architecture = checkpoint.metadata.get('general.architecture');
  const family = familyOfGguf(typeof architecture === 'string' ? architecture : null, checkpoint.name);
  const metadata = ggufMetadata(checkpoint, String(architecture));
  const ownKeys = Object.values(family.ownFields);
  refuse(unlessRead(GGUF_REFUSALS, ownKeys), metadata.raw, checkpoint.name, `${architecture}.`);

  const names = tensorNames(checkpoint, family);
  const has = (tensor: string): boolean => checkpoint.tensors.has(tensor);
  const hiddenSize = metadata.demandCount('embedding_length');
  const layerCount = metadata.demandCount('block_count');
  if (layerCount > LIMITS.layers) {
    throw metadata.error(
      'E_CONFIG',
      'block_count',
      `expected at most ${LIMITS.layers} layers, found ${layerCount}`,
    );
  }
  const heads = metadata.demandCount('attention.head_count');
  const headDim = metadata.count('attention.key_length') ?? Math.floor(hiddenSize / heads);
  checkHeadSizes(metadata, headDim, ownKeys);
  const contextLength = metadata.demandCount('context_length');
  // Converters write 0 for "no window".
  const window =
    metadata.raw('attention.sliding_window') === 0 ? null : metadata.count('attention.sliding_window');
  const vocabSize = vocabularyOf(checkpoint, names);
  const settings: Settings = {
    vocabSize,
    hiddenSize,
    layerCount,
    contextLength,
    normEpsilon: metadata.demandFloat('attention.layer_norm_rms_epsilon'),
    heads,
    kvHeads: metadata.count('attention.head_count_kv') ?? heads,
    headDim,
    mlpSize: metadata.demandCount('feed_forward_length'),
    activation: family.activation,
    tied: null,
    queryKeyValueBias: family.biases.includes('attention') && has(names.layer(0, 'queryBias')),
    outputBias: family.biases.includes('attention') && has(names.layer(0, 'outputBias')),
    mlpBias: family.biases.includes('mlp') && has(names.layer(0, 'gateBias')),
    window,
    ...slidingLayers(metadata, layerCount, window),
    ...(await ropeFromGguf(metadata, checkpoint, family, contextLength, headDim)),
    own: ownFields(
      (field) => {
        const key = family.ownFields[field];
        // As in config.json, an absent key means the default. Converters write 0 for "none".
        return typeof key === 'string' ? (metadata.float(key) ?? family.configDefaults[field]) || null : null;
      },
      (field, what) => {
        throw metadata.error('E_CONFIG', family.ownFields[field] ?? field, what);
      },
    ),
  };
  return { family, settings, names, notes: notesOn(checkpoint.name, metadata, vocabSize) };
}

/** As in llama.cpp, the tensors decide the size of the vocabulary, whatever the metadata states. */
function notesOn(file: string, metadata: GgufMetadata, vocabSize: number): string[] {
  const stated = metadata.raw('vocab_size');
  if (stated === undefined || stated === vocabSize) return [];
  const shown = typeof stated === 'number' || typeof stated === 'bigint' ? stated : 'not a number';
  return [`${file}: vocab_size is ${shown}, but the embedding has ${vocabSize} rows; it is ignored`];
}

/** Checks that rotation and values span the whole head, unless the family reads these keys itself. */
function checkHeadSizes(metadata: GgufMetadata, headDim: number, ownKeys: readonly (string | null)[]): void {
  for (const [key, feature] of [
    ['rope.dimension_count', 'rotary embedding on a part of each head'],
    ['rope.dimension_count_swa', 'rotary embedding on a part of each head'],
    ['attention.value_length', 'a different size of values than of keys'],
  ] as const) {
    const size = metadata.count(key);
    if (size === null || size === headDim || ownKeys.includes(key)) continue;
    throw metadata.error('E_UNSUPPORTED', key, `${feature} (${size} of ${headDim}) is not supported`);
  }
}

/**
 * Reads which layers slide. `sliding_window_pattern` is a period in some files and a flag per layer in others. Without
 * a window, all layers are full.
 */
function slidingLayers(
  metadata: GgufMetadata,
  layerCount: number,
  window: number | null,
): { readonly layerTypes: readonly LayerType[] | null; readonly slidingPattern: number | null } {
  const key = 'attention.sliding_window_pattern';
  const value = metadata.raw(key);
  if (!Array.isArray(value) || value.length !== layerCount) {
    return { layerTypes: null, slidingPattern: window === null ? 1 : metadata.count(key) };
  }
  return {
    layerTypes: value.map((slides) => (slides ? 'sliding_attention' : 'full_attention')),
    slidingPattern: null,
  };
}
