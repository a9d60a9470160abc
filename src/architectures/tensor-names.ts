import { HoldfastError } from '../errors.js';
import type { Checkpoint } from '../formats/index.js';
import type { LayerWeight } from './blueprint.js';
import type { Family } from './family.js';

/** How one file names its tensors. */
export interface TensorNames {
  readonly embedding: string;
  readonly finalNorm: string;
  readonly head: string;
  readonly layer: (index: number, weight: LayerWeight) => string;
}

/** Prefixes under which a safetensors file may keep the text model: alone, or beside an image encoder. */
const MODEL_PREFIXES = ['model.', 'language_model.model.', 'model.language_model.'] as const;

/** The names this checkpoint uses for this family's weights. */
export function tensorNames(checkpoint: Checkpoint, family: Family): TensorNames {
  if (checkpoint.format === 'gguf') {
    return {
      embedding: 'token_embd.weight',
      finalNorm: 'output_norm.weight',
      head: 'output.weight',
      layer: (index, weight) => `blk.${index}.${family.ggufLayerNames[weight]}`,
    };
  }
  const { tensors } = checkpoint;
  const prefix = MODEL_PREFIXES.find((p) => tensors.has(`${p}embed_tokens.weight`)) ?? MODEL_PREFIXES[0];
  const heads = ['lm_head.weight', 'language_model.lm_head.weight'];
  return {
    embedding: `${prefix}embed_tokens.weight`,
    finalNorm: `${prefix}norm.weight`,
    head: heads.find((name) => tensors.has(name)) ?? 'lm_head.weight',
    layer: (index, weight) => `${prefix}layers.${index}.${family.layerNames[weight]}`,
  };
}

/**
 * The size of the vocabulary, for files that do not state it.
 * @throws HoldfastError `E_TENSOR_MISSING` without an embedding
 */
export function vocabularyOf(checkpoint: Checkpoint, names: TensorNames): number {
  const size = checkpoint.tensors.get(names.embedding)?.shape[0];
  if (size !== undefined) return size;
  throw new HoldfastError('E_TENSOR_MISSING', `there is no tensor ${names.embedding} (embedding)`, {
    file: checkpoint.name,
    field: names.embedding,
    hint: 'Check that all shards of the model are there',
  });
}
