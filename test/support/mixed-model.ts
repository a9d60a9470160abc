import { readFileSync } from 'node:fs';
import { type ModelPlan, planModel } from '../../src/architectures/index.js';
import {
  BLOCK_LAYOUTS,
  byteLengthOf,
  type Checkpoint,
  memorySource,
  type TensorInfo,
  type TensorType,
} from '../../src/formats/index.js';

/** The types of a layer's matrices. */
export interface Mix {
  readonly q: TensorType;
  readonly k: TensorType;
  readonly v: TensorType;
  readonly o: TensorType;
  readonly gate: TensorType;
  readonly up: TensorType;
  readonly down: TensorType;
}

/** Families whose layers use their matrices differently: biases on query, key and value; another activation. */
export type MixedFamily = 'llama' | 'qwen2' | 'gemma2';

/** Sizes whose rows are whole blocks of every type. */
const HIDDEN = 256;
const MLP = 512;
const KEYS = 128;
const VOCAB = 96;
/** Approximate magnitude of the values in the fixtures' blocks. */
const SIZE = 1000;

const folder = new URL('../fixtures/quant/', import.meta.url);

/** Returns a generator of pseudo-random whole numbers below a bound. */
function draws(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Returns a one-layer model in memory with matrices of these types, filled with blocks of the fixtures in random order. */
export async function mixedModel(
  mix: Mix,
  family: MixedFamily = 'llama',
): Promise<{ readonly plan: ModelPlan; readonly checkpoint: Checkpoint }> {
  const tensors = new Map<string, TensorInfo>();
  const add = (name: string, type: TensorType, shape: readonly number[], bytes: Uint8Array): void => {
    tensors.set(name, {
      ...{ name, type, shape, source: memorySource(bytes, name), offset: 0 },
      byteLength: bytes.length,
    });
  };
  const matrix = (name: string, type: TensorType, shape: readonly [number, number]): void =>
    add(name, type, shape, bytesOf(type, shape[0] * shape[1], draws(tensors.size)));
  const floats = (name: string, values: Float32Array): void =>
    add(name, 'F32', [values.length], new Uint8Array(values.buffer));

  matrix('model.embed_tokens.weight', 'F32', [VOCAB, HIDDEN]);
  const part = (name: string): string => `model.layers.0.${name}`;
  // Keeps normalised values at about one after a matrix.
  const weight = 1 / (SIZE * Math.sqrt(HIDDEN));
  const norm = (name: string, weight: number): void =>
    floats(`${name}.weight`, new Float32Array(HIDDEN).fill(family === 'gemma2' ? weight - 1 : weight));
  norm('model.norm', weight);
  norm(part('input_layernorm'), weight);
  if (family === 'gemma2') {
    // Norms after each branch keep it as large as the residual stream.
    for (const name of ['post_attention', 'post_feedforward']) norm(part(`${name}_layernorm`), 16 * SIZE);
    norm(part('pre_feedforward_layernorm'), weight);
  } else norm(part('post_attention_layernorm'), weight);
  matrix(part('self_attn.q_proj.weight'), mix.q, [HIDDEN, HIDDEN]);
  matrix(part('self_attn.k_proj.weight'), mix.k, [KEYS, HIDDEN]);
  matrix(part('self_attn.v_proj.weight'), mix.v, [KEYS, HIDDEN]);
  matrix(part('self_attn.o_proj.weight'), mix.o, [HIDDEN, HIDDEN]);
  matrix(part('mlp.gate_proj.weight'), mix.gate, [MLP, HIDDEN]);
  matrix(part('mlp.up_proj.weight'), mix.up, [MLP, HIDDEN]);
  matrix(part('mlp.down_proj.weight'), mix.down, [HIDDEN, MLP]);
  if (family === 'qwen2') {
    for (const [name, size] of [
      ['q', HIDDEN],
      ['k', KEYS],
      ['v', KEYS],
    ] as const) {
      floats(
        part(`self_attn.${name}_proj.bias`),
        Float32Array.from({ length: size }, (_, i) => Math.sin(i)),
      );
    }
  }
  const tied = family === 'gemma2';
  if (!tied) matrix('lm_head.weight', 'F32', [VOCAB, HIDDEN]);
  const checkpoint: Checkpoint = { format: 'safetensors', name: 'mixed', tensors, metadata: new Map() };
  const config = {
    ...{ model_type: family, hidden_size: HIDDEN, intermediate_size: MLP, num_hidden_layers: 1 },
    ...{ num_attention_heads: 4, num_key_value_heads: 2, head_dim: 64, vocab_size: VOCAB },
    ...{ max_position_embeddings: 128, rms_norm_eps: 1e-6, rope_theta: 10_000, tie_word_embeddings: tied },
    ...(tied
      ? { hidden_activation: 'gelu_pytorch_tanh', query_pre_attn_scalar: 64 }
      : { hidden_act: 'silu' }),
  };
  return { plan: await planModel(checkpoint, config), checkpoint };
}

/** Returns pseudo-random bytes for a number of elements of a type. */
function bytesOf(type: TensorType, elements: number, draw: (below: number) => number): Uint8Array {
  const bytes = new Uint8Array(byteLengthOf(type, elements));
  if (type === 'F32' || type === 'F16' || type === 'BF16') {
    // Multiples of 8 below 2,048 are exact in all three types.
    const values = Float32Array.from({ length: elements }, () => (draw(512) - 256) * 8);
    if (type === 'F32') return new Uint8Array(values.buffer);
    const halves = new Uint16Array(bytes.buffer);
    for (const [i, value] of values.entries()) halves[i] = type === 'F16' ? halfOf(value) : bfloatOf(value);
    return bytes;
  }
  const blocks = new Uint8Array(readFileSync(new URL(`${type}.bin`, folder)));
  const { bytes: size } = BLOCK_LAYOUTS[type];
  for (let at = 0; at < bytes.length; at += size) {
    const from = draw(blocks.length / size) * size;
    bytes.set(blocks.subarray(from, from + size), at);
  }
  return bytes;
}

const bfloatOf = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;

/** Encodes a number as f16. The number must be exact in f16, neither subnormal nor too large. */
function halfOf(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0]!;
  if (value === 0) return 0;
  return ((bits >>> 16) & 0x8000) | ((((bits >>> 23) & 0xff) - 112) << 10) | ((bits >>> 13) & 0x3ff);
}
