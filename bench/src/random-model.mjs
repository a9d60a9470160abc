import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * Writes a GGUF file with random weights in the shape of a real model. The cost of a token does not depend on the values
 * of the weights, so the speed of a size can be measured without downloading a model.
 */

/** @typedef {{ layers: number, hidden: number, heads: number, kvHeads: number, mlp: number, vocab: number }} Shape */

/**
 * Sizes from the models' `config.json`. Both tie the embedding to the output head.
 *
 * @type {Readonly<Record<string, Shape>>}
 */
const SHAPES = {
  'smollm2-135m': { layers: 30, hidden: 576, heads: 9, kvHeads: 3, mlp: 1536, vocab: 49152 },
  'smollm2-1.7b': { layers: 24, hidden: 2048, heads: 32, kvHeads: 32, mlp: 8192, vocab: 49152 },
};

/** @typedef {{ id: number, bytes: number, weights: number }} TensorType GGUF's type number, bytes per block, weights per block */

/**
 * Types of the weight matrices.
 *
 * @type {Readonly<Record<string, TensorType>>}
 */
const TYPES = {
  F16: { id: 1, bytes: 2, weights: 1 },
  Q8_0: { id: 8, bytes: 34, weights: 32 },
  Q4_0: { id: 2, bytes: 18, weights: 32 },
};
const F32 = { id: 0, bytes: 4, weights: 1 };

const ALIGNMENT = 32;
const USAGE = `Usage: npm run random-model -- --shape ${Object.keys(SHAPES).join('|')} --type ${Object.keys(TYPES).join('|')} --out FILE.gguf`;

/** @typedef {{ name: string, dims: number[], type: TensorType }} TensorInfo */
/** @typedef {string | { uint32: number } | { float32: number } | { strings: readonly string[] }} Value */

/** @param {string} text */
function stringBytes(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

/** @param {number} value */
function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** @param {number} value */
function uint64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/**
 * Encodes a metadata value: its type number, then its bytes.
 *
 * @param {Value} value
 */
function valueBytes(value) {
  if (typeof value === 'string') return Buffer.concat([uint32(8), stringBytes(value)]);
  if ('strings' in value) {
    const { strings } = value;
    return Buffer.concat([uint32(9), uint32(8), uint64(strings.length), ...strings.map(stringBytes)]);
  }
  if ('uint32' in value) return Buffer.concat([uint32(4), uint32(value.uint32)]);
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value.float32);
  return Buffer.concat([uint32(6), bytes]);
}

/**
 * @param {Shape} shape
 * @param {string} name
 * @returns {Record<string, Value>}
 */
function metadata({ layers, hidden, heads, kvHeads, mlp, vocab }, name) {
  return {
    'general.architecture': 'llama',
    'general.name': `${name}, random`,
    'llama.block_count': { uint32: layers },
    'llama.context_length': { uint32: 8192 },
    'llama.embedding_length': { uint32: hidden },
    'llama.feed_forward_length': { uint32: mlp },
    'llama.attention.head_count': { uint32: heads },
    'llama.attention.head_count_kv': { uint32: kvHeads },
    'llama.attention.layer_norm_rms_epsilon': { float32: 1e-5 },
    'llama.rope.freq_base': { float32: 100000 },
    // The tokenizer is never used, but the peer does not load a model without one.
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': { strings: Array.from({ length: vocab }, (_, id) => `t${id}`) },
    'tokenizer.ggml.merges': { strings: ['t 0'] },
    'tokenizer.ggml.bos_token_id': { uint32: 1 },
    'tokenizer.ggml.eos_token_id': { uint32: 2 },
  };
}

/**
 * @param {Shape} shape
 * @param {TensorType} type of the matrices
 * @returns {TensorInfo[]}
 */
function tensorsOf({ layers, hidden, heads, kvHeads, mlp, vocab }, type) {
  const kv = (hidden / heads) * kvHeads;
  const layer = (/** @type {number} */ index) => {
    const matrix = (
      /** @type {string} */ part,
      /** @type {number} */ inputs,
      /** @type {number} */ outputs,
    ) => ({
      name: `blk.${index}.${part}.weight`,
      dims: [inputs, outputs],
      type,
    });
    const norm = (/** @type {string} */ part) => ({
      name: `blk.${index}.${part}.weight`,
      dims: [hidden],
      type: F32,
    });
    return [
      norm('attn_norm'),
      matrix('attn_q', hidden, hidden),
      matrix('attn_k', hidden, kv),
      matrix('attn_v', hidden, kv),
      matrix('attn_output', hidden, hidden),
      norm('ffn_norm'),
      matrix('ffn_gate', hidden, mlp),
      matrix('ffn_up', hidden, mlp),
      matrix('ffn_down', mlp, hidden),
    ];
  };
  return [
    { name: 'token_embd.weight', dims: [hidden, vocab], type },
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
    { name: 'output_norm.weight', dims: [hidden], type: F32 },
  ];
}

/** @param {TensorInfo} tensor */
function byteLength({ dims, type }) {
  return (dims.reduce((product, size) => product * size, 1) / type.weights) * type.bytes;
}

/** Returns a xorshift32 generator, so that the file is the same everywhere. @param {number} state */
function random(state) {
  let x = state;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** Returns an f16 of magnitude 2⁻⁷ to 2⁻⁴ and random sign, so that activations neither vanish nor explode. */
function randomHalf(/** @type {number} */ bits) {
  return ((bits & 1) << 15) | ((8 + ((bits >>> 1) % 3)) << 10) | ((bits >>> 8) & 0x3ff);
}

/**
 * Returns random blocks, which are written repeatedly.
 * @param {TensorType} type
 * @param {number} blocks
 */
function randomBlocks(type, blocks) {
  const next = random(1);
  const bytes = Buffer.alloc(type.bytes * blocks);
  for (let block = 0; block < blocks; block++) {
    const at = block * type.bytes;
    if (type === F32) bytes.writeFloatLE(1, at);
    else bytes.writeUInt16LE(type.weights === 1 ? randomHalf(next()) : 0x1400, at);
    for (let i = 2; i < type.bytes && type !== F32; i++) bytes[at + i] = next() & 0xff;
  }
  return bytes;
}

/** @param {readonly string[]} args */
function main(args) {
  const { values } = parseArgs({
    args: [...args],
    options: { shape: { type: 'string' }, type: { type: 'string' }, out: { type: 'string' } },
  });
  const shape = SHAPES[values.shape ?? ''];
  const type = TYPES[values.type ?? ''];
  if (shape === undefined || type === undefined || values.out === undefined) throw new Error(USAGE);

  const tensors = tensorsOf(shape, type);
  const pairs = Object.entries(metadata(shape, values.shape ?? ''));
  let offset = 0;
  const infos = tensors.map((tensor) => {
    const { name, dims } = tensor;
    const info = Buffer.concat([
      stringBytes(name),
      uint32(dims.length),
      ...dims.map(uint64),
      uint32(tensor.type.id),
      uint64(offset),
    ]);
    offset = Math.ceil((offset + byteLength(tensor)) / ALIGNMENT) * ALIGNMENT;
    return info;
  });
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    uint32(3),
    uint64(tensors.length),
    uint64(pairs.length),
    ...pairs.flatMap(([key, value]) => [stringBytes(key), valueBytes(value)]),
    ...infos,
  ]);

  const file = openSync(resolve(process.env.INIT_CWD ?? process.cwd(), values.out), 'wx');
  try {
    writeSync(file, padded(head));
    const stretches = new Map([type, F32].map((each) => [each, randomBlocks(each, 1 << 20)]));
    for (const tensor of tensors) {
      const stretch = /** @type {Buffer} */ (stretches.get(tensor.type));
      let left = byteLength(tensor);
      for (; left > stretch.length; left -= stretch.length) writeSync(file, stretch);
      writeSync(file, padded(stretch.subarray(0, left)));
    }
  } finally {
    closeSync(file);
  }
}

/** @param {Buffer} bytes */
function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc((ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT)]);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
