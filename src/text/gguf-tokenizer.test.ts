import { beforeAll, describe, expect, it } from 'vitest';
import {
  fixtureGguf,
  fixtureTemplate,
  fixtureTokenizer,
  ggufMetadata,
  goldenText,
  readJson,
  SMOLLM,
  SMOLLM_ABSENT,
  SMOLLM_EXPECTED,
  SMOLLM_GGUF,
  type StringCase,
} from '../../test/support/text-fixtures.js';
import type { MetadataValue } from '../formats/index.js';
import { templateFromGguf, tokenizerFromGguf } from './gguf-tokenizer.js';
import { type Tokenizer, tokenizerFromJson } from './tokenizer.js';

const FILES = [
  ...['F32', 'F16', 'BF16', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0'].map(
    (type) => [`llama.${type}.gguf`, 'llama'] as const,
  ),
  ['qwen3.F16.gguf', 'qwen3'] as const,
  ['gemma3.Q8_0.gguf', 'gemma3'] as const,
];

describe.each(FILES)('the tokenizer in %s', (file, model) => {
  let metadata: ReadonlyMap<string, MetadataValue>;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    metadata = await fixtureGguf(file);
    tokenizer = tokenizerFromGguf(metadata, file);
  });

  it('gives the ids and texts of the tokenizer.json it was converted from', () => {
    const { strings, chats } = goldenText(model);
    for (const { text, ids, decoded } of strings) {
      expect(tokenizer.encode(text, { special: true }), text).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
    for (const { text, ids } of Object.values(chats)) {
      expect(tokenizer.encode(text, { special: true })).toEqual(ids);
    }
  });

  it('agrees on bytes, special tokens and the end of a turn', () => {
    const other = fixtureTokenizer(model);
    expect(tokenizer.vocabSize).toBe(other.vocabSize);
    expect(tokenizer.bos).toEqual(other.bos);
    expect(tokenizer.eos).toEqual(other.eos);
    expect(tokenizer.addsBos).toBe(other.addsBos);
    expect(tokenizer.endOfTurnIds).toEqual(other.endOfTurnIds);
    for (let id = 0; id < other.vocabSize; id++) {
      expect(tokenizer.tokenBytes(id)).toEqual(other.tokenBytes(id));
      expect(tokenizer.isSpecial(id)).toBe(other.isSpecial(id));
    }
  });

  it('has its chat template', () => {
    expect(templateFromGguf(metadata)).toBe(fixtureTemplate(model).source);
  });
});

describe.skipIf(SMOLLM_ABSENT)(`the tokenizer in the GGUF of SmolLM2 ${SMOLLM_ABSENT || ''}`, () => {
  it('gives the ids of its tokenizer.json', async () => {
    const fromGguf = tokenizerFromGguf(await ggufMetadata(SMOLLM_GGUF));
    const fromJson = tokenizerFromJson(readJson(`${SMOLLM}/tokenizer.json`));
    const golden = readJson<{ strings: StringCase[]; rendered: string; ids: number[] }>(SMOLLM_EXPECTED);
    for (const { text, ids, decoded } of golden.strings) {
      expect(fromGguf.encode(text, { special: true })).toEqual(ids);
      expect(fromGguf.decode(ids)).toBe(decoded);
    }
    expect(fromGguf.encode(golden.rendered, { special: true })).toEqual(golden.ids);
    expect(fromGguf.endOfTurnIds).toEqual(fromJson.endOfTurnIds);
    const mixed = 'x² ½ ٣٤ 1234 \u0085\u00a0\ufeff  don’t “quote” <|im_start|> naïve 👩‍👩‍👧 \t\n\n end ';
    expect(fromGguf.encode(mixed)).toEqual(fromJson.encode(mixed));
  });
});

describe('a GGUF with an unusable tokenizer', () => {
  const valid = new Map<string, MetadataValue>([
    ['tokenizer.ggml.model', 'gpt2'],
    ['tokenizer.ggml.pre', 'gpt-2'],
    ['tokenizer.ggml.tokens', ['a', 'b', 'ab', '<end>']],
    ['tokenizer.ggml.token_type', [1, 1, 1, 3]],
    ['tokenizer.ggml.merges', ['a b']],
    ['tokenizer.ggml.eos_token_id', 3],
  ]);
  const withField = (key: string, value: MetadataValue) => new Map(valid).set(key, value);

  it('is refused with the name of the field, and accepted once the field is right', () => {
    expect(tokenizerFromGguf(valid).encode('ab<end>', { special: true })).toEqual([2, 3]);
    const cases: [string, MetadataValue, RegExp][] = [
      ['tokenizer.ggml.model', 'rwkv', /unsupported kind of tokenizer: "rwkv"/],
      ['tokenizer.ggml.pre', 'unheard-of', /unknown pre-tokenizer: "unheard-of".*smollm/],
      ['tokenizer.ggml.tokens', ['a', 'a', 'b', 'c'], /tokens 0 and 1 are identical: "a"/],
      ['tokenizer.ggml.tokens', 'a', /not a list of strings/],
      ['tokenizer.ggml.token_type', [1], /has 1 numbers, but the vocabulary has 4 tokens/],
      ['tokenizer.ggml.merges', ['ab'], /merge 0 is not a pair of tokens: "ab"/],
      ['tokenizer.ggml.eos_token_id', 4, /eos_token_id is 4, but the vocabulary has 4 tokens, and .* none/],
      ['tokenizer.ggml.add_bos_token', 'yes', /not true or false/],
    ];
    for (const [field, value, message] of cases) {
      expect(() => tokenizerFromGguf(withField(field, value), 'x.gguf')).toThrow(
        expect.objectContaining({
          code: 'E_TOKENIZER',
          file: 'x.gguf',
          field,
          message: expect.stringMatching(message),
        }),
      );
    }
  });

  it.each(['padding', 'unknown', 'seperator', 'separator', 'mask', 'cls'])(
    'is read whatever its %s token is, because nothing depends on it',
    (role) => {
      const key = `tokenizer.ggml.${role}_token_id`;
      for (const value of [4, 4294967295, -1, 1.5, true, '3', [1], 2n ** 63n] as MetadataValue[]) {
        const tokenizer = tokenizerFromGguf(withField(key, value), 'x.gguf');
        expect(tokenizer.encode('ab<end>', { special: true })).toEqual([2, 3]);
        expect([tokenizer.pad, tokenizer.unk]).toEqual([null, null]);
        expect(tokenizer.notes).toEqual([expect.stringMatching(/^x\.gguf: .* has 4 tokens; it is ignored$/)]);
      }
      expect(tokenizerFromGguf(withField(key, 2)).notes).toEqual([]);
    },
  );

  describe('names a token that it needs with an id that the vocabulary lacks', () => {
    const read = (role: string, id: MetadataValue, tokens: readonly string[]) =>
      tokenizerFromGguf(
        new Map(valid)
          .set('tokenizer.ggml.tokens', ['a', 'b', 'ab', ...tokens])
          .set('tokenizer.ggml.token_type', [1, 1, 1, ...tokens.map(() => 3)])
          .set('tokenizer.ggml.eos_token_id', 3)
          .set(`tokenizer.ggml.${role}_token_id`, id),
        'x.gguf',
      );

    it.each([
      ['eos', ['<x>', '<|endoftext|>', '<|im_end|>'], '<|endoftext|>'],
      ['eos', ['<x>', '<|im_end|>'], '<|im_end|>'],
      ['bos', ['<x>', '<bos>'], '<bos>'],
      ['eot', ['<x>', '<|endoftext|>', '<|im_end|>'], '<|im_end|>'],
      ['eot', ['<x>', '<|eot_id|>', '<|im_end|>'], '<|im_end|>'],
      ['eom', ['<x>', '<|eot_id|>', '<|eom_id|>'], '<|eom_id|>'],
    ])('and is read with the %s that the family of %j has', (role, tokens, name) => {
      for (const id of [99, -1, 4294967295, 2.5, 'x'] as MetadataValue[]) {
        const tokenizer = read(role, id, tokens);
        const shown = typeof id === 'string' ? `"${id}"` : id;
        const what = `tokenizer.ggml.${role}_token_id is ${shown}, but the vocabulary has ${3 + tokens.length} tokens`;
        expect(tokenizer.notes).toEqual([`x.gguf: ${what}; using ${name} instead`]);
        const own = { id: 3 + tokens.indexOf(name), text: name };
        if (role === 'eos' || role === 'bos') expect(tokenizer[role]).toEqual(own);
        if (role !== 'bos') expect(tokenizer.endOfTurnIds).toContain(own.id);
      }
    });

    it.each([
      ['eos', ['<x>'], 'none of the known names'],
      ['bos', ['<x>', '<|im_start|>'], 'none of the known names'],
      ['eot', ['<x>', '<|endoftext|>'], 'none of the known names'],
      ['eos', ['</s>', '<|endoftext|>'], 'several of the known names: </s>, <|endoftext|>'],
    ])('and is refused if the family of its %s is not clear from %j', (role, tokens, why) => {
      const field = `tokenizer.ggml.${role}_token_id`;
      expect(() => read(role, 99, tokens)).toThrow(
        expect.objectContaining({ code: 'E_TOKENIZER', file: 'x.gguf', field }),
      );
      expect(() => read(role, 99, tokens)).toThrow(
        `${field} is 99, but the vocabulary has ${3 + tokens.length} tokens, and its special tokens have ${why}`,
      );
    });

    it('takes a whole number that is stored as a float', () => {
      expect(read('eos', Math.fround(3), ['<x>']).eos).toEqual({ id: 3, text: '<x>' });
    });
  });

  it('is refused when it names no pre-tokenizer', () => {
    const without = new Map(valid);
    without.delete('tokenizer.ggml.pre');
    expect(() => tokenizerFromGguf(without)).toThrow(/E_TOKENIZER.*tokenizer\.ggml\.pre/);
  });

  it('puts a space before text if the file says so or says nothing, and removes it when decoding', () => {
    const llama = new Map<string, MetadataValue>([
      ['tokenizer.ggml.model', 'llama'],
      ['tokenizer.ggml.tokens', ['<unk>', '<s>', '</s>', '▁', 'a', '▁a', 'b', 'ab', '<0x0A>']],
      ['tokenizer.ggml.scores', new Float32Array([0, 0, 0, -4, -5, -1, -6, -2, 0])],
      ['tokenizer.ggml.token_type', new Int32Array([2, 3, 3, 1, 1, 1, 1, 1, 6])],
    ]);
    const tokenizer = tokenizerFromGguf(llama);
    expect(tokenizer.encode('ab a\n')).toEqual([5, 6, 5, 8]);
    expect(tokenizer.decode([5, 6, 5, 8])).toBe('ab a\n');
    expect(tokenizer.bos).toEqual({ id: 1, text: '<s>' });
    const bare = tokenizerFromGguf(new Map(llama).set('tokenizer.ggml.add_space_prefix', false));
    expect(bare.encode('ab a')).toEqual([7, 5]);
  });

  const withToken = (content: string, type: number) =>
    tokenizerFromGguf(
      new Map(valid)
        .set('tokenizer.ggml.tokens', ['a', 'b', 'ab', '<end>', ...'</s>', 's<', content])
        .set('tokenizer.ggml.token_type', [1, 1, 1, 3, 1, 1, 1, 1, 1, type]),
    );

  it('ends answers at a token with one of the usual names, whatever its type in the file', () => {
    for (const name of ['<|end|>', '<|im_end|>', '<end_of_turn>', '<|eot_id|>', '<eos>']) {
      for (const type of [1, 3, 4]) {
        const tokenizer = withToken(name, type);
        expect(tokenizer.endOfTurnIds).toEqual([3, 9]);
        expect(tokenizer.encode(`ab${name}`, { special: true })).toEqual([2, 9]);
        expect(tokenizer.isSpecial(9)).toBe(true);
      }
    }
  });

  it('takes </s> for a word unless its type or its role says otherwise: it is also a tag of HTML', () => {
    for (const type of [1, 4]) {
      const tokenizer = withToken('</s>', type);
      expect(tokenizer.endOfTurnIds).toEqual([3]);
      expect(tokenizer.isSpecial(9)).toBe(false);
      expect(tokenizer.decode([0, 9, 1], { skipSpecial: true })).toBe('a</s>b');
    }
    expect(withToken('</s>', 1).encode('a</s>', { special: true })).toEqual([0, 4, 5, 6, 7]);
    expect(withToken('</s>', 4).encode('a</s>', { special: true })).toEqual([0, 9]);
    expect(withToken('</s>', 3).endOfTurnIds).toEqual([3, 9]);
    expect(withToken('</s>', 3).isSpecial(9)).toBe(true);
    const end = withField('tokenizer.ggml.tokens', ['a', 'b', 'ab', '</s>']).set(
      'tokenizer.ggml.token_type',
      [1, 1, 1, 1],
    );
    expect(tokenizerFromGguf(end).endOfTurnIds).toEqual([3]); // its eos_token_id
  });

  it('shows added words as the file has them, and other tokens decoded', () => {
    const tokens = ['a', 'é', 'Ġ', 'Ã', '©', 'Ġé', '<end>'];
    const marked = new Map(valid)
      .set('tokenizer.ggml.tokens', tokens)
      .set('tokenizer.ggml.token_type', [1, 4, 1, 1, 1, 4, 3])
      .set('tokenizer.ggml.merges', [])
      .set('tokenizer.ggml.eos_token_id', 6);
    const tokenizer = tokenizerFromGguf(marked);
    expect(tokenizer.decode([0, 1, 2, 3, 4, 5, 6])).toBe('aé éĠé<end>');
    expect(tokenizer.encode('aéé Ġé')).toEqual([0, 1, 1, 2, 5]);
  });

  it('shows nothing for a token that is not used', () => {
    const tokenizer = withToken('[PAD9]', 5);
    expect(tokenizer.decode([0, 9, 1])).toBe('ab');
    expect(tokenizer.tokenBytes(9)).toEqual(new Uint8Array());
  });

  it('decodes byte tokens one by one, and shows runs of blanks', () => {
    const gemma = new Map<string, MetadataValue>([
      ['tokenizer.ggml.model', 'llama'],
      ['tokenizer.ggml.tokens', ['<unk>', '<s>', '</s>', '▁', 'a', '▁▁', '  ', '<0xF0>', '<0x9F>', '<0x41>']],
      ['tokenizer.ggml.scores', new Float32Array(10)],
      ['tokenizer.ggml.token_type', new Int32Array([2, 3, 3, 1, 1, 1, 4, 6, 6, 6])],
      ['tokenizer.ggml.add_space_prefix', false],
    ]);
    const tokenizer = tokenizerFromGguf(gemma);
    expect(tokenizer.decode([4, 5, 6, 3, 4])).toBe('a     a');
    expect(tokenizer.encode('a  a')).toEqual([4, 6, 4]);
    expect(tokenizer.decode([9, 7, 8, 9])).toBe('A\ufffdA');
    expect(tokenizer.decode([3, 4])).toBe(' a');
  });

  it('swallows the blanks after Phi-3’s special tokens, as its tokenizer.json does', () => {
    const tokens = ['<unk>', '<s>', '<|endoftext|>', '▁', 'a', '▁a', '<0x0A>', '<|user|>', '<|end|>'];
    const phi3 = (mark: string): ReadonlyMap<string, MetadataValue> =>
      new Map<string, MetadataValue>([
        ['tokenizer.ggml.model', 'llama'],
        ['tokenizer.ggml.tokens', [...tokens, mark]],
        ['tokenizer.ggml.scores', new Float32Array([0, 0, 0, -4, -5, -1, 0, 0, 0, 0])],
        ['tokenizer.ggml.token_type', new Int32Array([2, 3, 3, 1, 1, 1, 6, 3, 4, 3])],
        ['tokenizer.ggml.add_space_prefix', false],
      ]);
    const text = '<|user|>\na<|end|>\n<|endoftext|>\na';
    const ids = (mark: string): number[] => tokenizerFromGguf(phi3(mark)).encode(text, { special: true });
    expect(ids('<|placeholder1|>')).toEqual([7, 4, 8, 2, 6, 4]);
    expect(ids('<|other|>')).toEqual([7, 6, 4, 8, 6, 2, 6, 4]);
  });
});
