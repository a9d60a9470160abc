import { HoldfastError } from '../errors.js';
import { type Checkpoint, dequantize, readTensor } from '../formats/index.js';
import type { RopeBlueprint, RopeScaling } from './blueprint.js';
import type { Family } from './family.js';
import { requireFinite } from './finite-weights.js';
import type { GgufMetadata } from './gguf-metadata.js';
import { longropeAttentionFactor } from './rope.js';

/** Tensors that hold divisors of the rope frequencies. They become part of the blueprint. */
export const ROPE_TENSORS = {
  divisors: 'rope_freqs.weight',
  short: 'rope_factors_short.weight',
  long: 'rope_factors_long.weight',
} as const;

/**
 * Reads the rope of full and of sliding layers from a GGUF.
 * @throws HoldfastError `E_CONFIG`, `E_UNSUPPORTED`, `E_TENSOR_MISSING`, `E_TENSOR_SHAPE`, `E_TENSOR_VALUE`
 */
export async function ropeFromGguf(
  metadata: GgufMetadata,
  checkpoint: Checkpoint,
  family: Pick<Family, 'ropeBase' | 'slidingRopeBase'>,
  contextLength: number,
  headDim: number,
): Promise<{ readonly rope: RopeBlueprint; readonly slidingRope: RopeBlueprint }> {
  const rotaryDim = metadata.count('rope.dimension_count') ?? headDim;
  const rope: RopeBlueprint = {
    base: metadata.float('rope.freq_base') ?? family.ropeBase,
    rotaryDim,
    scaling: await scalingOf(metadata, checkpoint, contextLength, rotaryDim),
  };
  const slidingBase = metadata.float('rope.freq_base_swa') ?? family.slidingRopeBase;
  return { rope, slidingRope: slidingBase === null ? rope : { base: slidingBase, rotaryDim, scaling: null } };
}

async function scalingOf(
  metadata: GgufMetadata,
  checkpoint: Checkpoint,
  contextLength: number,
  rotaryDim: number,
): Promise<RopeScaling | null> {
  const originalContextLength = metadata.count('rope.scaling.original_context_length') ?? contextLength;
  const read = (tensor: string): Promise<number[] | null> => readDivisors(checkpoint, tensor, rotaryDim / 2);
  const stated = scalingOfMetadata(metadata, originalContextLength);
  const divisors = await read(ROPE_TENSORS.divisors);
  const [short, long] = [await read(ROPE_TENSORS.short), await read(ROPE_TENSORS.long)];
  const found = [
    divisors && ROPE_TENSORS.divisors,
    short && ROPE_TENSORS.short,
    long && ROPE_TENSORS.long,
  ].filter((tensor) => tensor !== null);
  if (stated !== null && found.length > 0) {
    throw metadata.error(
      'E_UNSUPPORTED',
      'rope.scaling.type',
      `rope scaling "${stated.type}" together with ${found[0]} is not supported`,
    );
  }
  if (short !== null && long !== null && divisors === null) {
    const attentionFactor =
      metadata.float('rope.scaling.attn_factor') ??
      longropeAttentionFactor(contextLength / originalContextLength, originalContextLength);
    return { type: 'longrope', short, long, originalContextLength, attentionFactor };
  }
  if (short !== null || long !== null) {
    throw new HoldfastError(
      'E_TENSOR_MISSING',
      `LongRoPE needs both ${ROPE_TENSORS.short} and ${ROPE_TENSORS.long}: the file has only ${found.join(' and ')}`,
      { file: checkpoint.name, field: found.at(-1)! },
    );
  }
  if (metadata.text('rope.scaling.type') === 'longrope') {
    throw metadata.error(
      'E_UNSUPPORTED',
      'rope.scaling.type',
      `rope scaling "longrope" is not supported without the tensors ${ROPE_TENSORS.short} and ${ROPE_TENSORS.long}`,
    );
  }
  return divisors === null ? stated : { type: 'divisors', divisors };
}

async function readDivisors(checkpoint: Checkpoint, tensor: string, count: number): Promise<number[] | null> {
  const info = checkpoint.tensors.get(tensor);
  if (info === undefined) return null;
  if (info.shape.length !== 1 || info.shape[0] !== count) {
    throw new HoldfastError(
      'E_TENSOR_SHAPE',
      `tensor ${tensor} has shape [${info.shape.join(', ')}], expected [${count}]`,
      { file: checkpoint.name, field: tensor },
    );
  }
  const bytes = await readTensor(info);
  requireFinite(info, bytes);
  return [...dequantize(info.type, bytes)];
}

/**
 * Reads the scaling from metadata. As in llama.cpp, a missing type means linear and a missing factor means no scaling.
 * Null for LongRoPE, which is read from its tensors.
 */
function scalingOfMetadata(metadata: GgufMetadata, originalContextLength: number): RopeScaling | null {
  const type = metadata.text('rope.scaling.type') ?? 'linear';
  // Early GGUF files call the factor `scale_linear`.
  const factor = metadata.float('rope.scaling.factor') ?? metadata.float('rope.scale_linear') ?? 1;
  if (type === 'none' || type === 'longrope') return null;
  if (type === 'linear') return factor === 1 || factor === 0 ? null : { type, factor };
  if (type === 'yarn') {
    const attention = metadata.float('rope.scaling.attn_factor') ?? 1;
    return {
      type,
      factor,
      originalContextLength,
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
    'Supported are none, linear, yarn and longrope',
  );
}
