import { buildGguf } from '../dist-fuzz/seeds/build-gguf.js';

/** Returns a GGUF of a Llama of one layer, with a vocabulary of bytes and a chat template. */
export function languageModel() {
  const text = (value) => ({ type: 'string', value });
  const u32 = (value) => ({ type: 'u32', value });
  const list = (of, values) => ({ type: 'array', of, values: values.map((value) => ({ type: of, value })) });
  const tokens = ['<unk>', '<s>', '</s>', 'H', 'e', 'l', 'o', 'He', 'Hel', 'Ġ', ',', 'Ã', '©'];
  const sizes = { 'token_embd.weight': [8, tokens.length], 'output_norm.weight': [8] };
  const layer = {
    attn_norm: [8],
    ffn_norm: [8],
    attn_q: [8, 8],
    attn_k: [8, 4],
    attn_v: [8, 4],
    attn_output: [8, 8],
  };
  Object.assign(layer, { ffn_gate: [8, 4], ffn_up: [8, 4], ffn_down: [4, 8] });
  for (const [name, size] of Object.entries(layer)) sizes[`blk.0.${name}.weight`] = size;
  let offset = 0;
  const tensors = Object.entries(sizes).map(([name, dimensions]) => {
    const tensor = { name, dimensions, type: 0, offset };
    offset += Math.ceil((4 * dimensions.reduce((product, size) => product * size, 1)) / 32) * 32;
    return tensor;
  });
  return buildGguf({
    metadata: [
      ['general.architecture', text('llama')],
      ['llama.block_count', u32(1)],
      ['llama.context_length', u32(64)],
      ['llama.embedding_length', u32(8)],
      ['llama.feed_forward_length', u32(4)],
      ['llama.attention.head_count', u32(2)],
      ['llama.attention.head_count_kv', u32(1)],
      ['llama.attention.layer_norm_rms_epsilon', { type: 'f32', value: 1e-5 }],
      ['llama.rope.freq_base', { type: 'f32', value: 1e4 }],
      ['tokenizer.ggml.model', text('gpt2')],
      ['tokenizer.ggml.pre', text('smollm')],
      ['tokenizer.ggml.tokens', list('string', tokens)],
      [
        'tokenizer.ggml.token_type',
        list(
          'i32',
          tokens.map((_, id) => (id < 3 ? 3 : 1)),
        ),
      ],
      ['tokenizer.ggml.merges', list('string', ['H e', 'He l'])],
      ['tokenizer.ggml.bos_token_id', u32(1)],
      ['tokenizer.ggml.eos_token_id', u32(2)],
      ['tokenizer.chat_template', text('{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}')],
    ],
    tensors,
    dataBytes: offset,
  }).bytes;
}
