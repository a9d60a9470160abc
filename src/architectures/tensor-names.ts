import { HoldfastError } from '../errors.js';
import type { Checkpoint } from '../formats/index.js';
import type { LayerWeight } from './blueprint.js';
import type { Family } from './family.js';

/** The names of a file's tensors. */
export interface TensorNames {
  readonly embedding: string;
  readonly finalNorm: string;
  readonly head: string;
  readonly layer: (index: number, weight: LayerWeight) => string;
}

/** Prefixes of a text model's tensors in safetensors, alone or beside an image encoder. */
const MODEL_PREFIXES = ['model.', 'language_model.model.', 'model.language_model.'] as const;

/** Returns the names that a checkpoint uses for the family's weights. */
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
 * Returns the vocabulary size from the embedding's shape, for files that do not state it.
 * @throws HoldfastError `E_TENSOR_MISSING` if there is no embedding
 */
export function vocabularyOf(checkpoint: Checkpoint, names: TensorNames): number {
  const size = checkpoint.tensors.get(names.embedding)?.shape[0];
  if (size !== undefined) return size;
  throw new HoldfastError('E_TENSOR_MISSING', `there is no tensor ${names.embedding} (embedding)`, {
    file: checkpoint.name,
    field: names.embedding,
    hint: 'Check that all shards of the model are present',
  });
}
