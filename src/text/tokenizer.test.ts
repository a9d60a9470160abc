import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  fixtureJson,
  fixtureTokenizer,
  goldenText,
  MODELS,
  readJson,
  SMOLLM,
  SMOLLM_ABSENT,
  SMOLLM_EXPECTED,
  type StringCase,
} from '../../test/support/text-fixtures.js';
import { type Tokenizer, tokenizerFromJson } from './tokenizer.js';

/** Without lone surrogates, which cannot occur in UTF-8. */
const wellFormed = (text: string): string => new TextDecoder().decode(new TextEncoder().encode(text));

describe.each(MODELS)('the tokenizer of %s', (model) => {
  const tokenizer = fixtureTokenizer(model);
  const { strings, chats } = goldenText(model);

  it.each(strings)('encodes $text', ({ text, ids, decoded }) => {
    expect(tokenizer.encode(text, { special: true })).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it.each(Object.entries(chats))('encodes the rendered dialogue %s', (_, chat) => {
    expect(tokenizer.encode(chat.text, { special: true })).toEqual(chat.ids);
  });

  it('decodes any text that it encoded, with special tokens as ordinary words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (binary) => {
        const text = wellFormed(binary);
        const ids = tokenizer.encode(text);
        const expected = model === 'gemma3' || model === 'mistral' ? text.replaceAll('\u2581', ' ') : text;
        expect(tokenizer.decode(ids)).toBe(expected);
      }),
    );
  });

  it('never encodes text as a special token unless asked to', () => {
    for (const { content } of tokenizer.addedTokens) {
      for (const id of tokenizer.encode(`a ${content} b${content}`))
        expect(tokenizer.isSpecial(id)).toBe(false);
    }
  });
});

describe.skipIf(SMOLLM_ABSENT)(`the tokenizer of SmolLM2 ${SMOLLM_ABSENT || ''}`, () => {
  let expected: { strings: StringCase[]; rendered: string; ids: number[] };
  let tokenizer: Tokenizer;
  // Load it here: the body of a describe runs even when its tests are skipped.
  beforeAll(() => {
    expected = readJson(SMOLLM_EXPECTED);
    tokenizer = tokenizerFromJson(readJson(`${SMOLLM}/tokenizer.json`));
  });

  it('encodes and decodes the golden strings', () => {
    const { strings, rendered, ids } = expected;
    for (const { text, ids, decoded } of strings) {
      expect(tokenizer.encode(text, { special: true })).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
    expect(tokenizer.encode(rendered, { special: true })).toEqual(ids);
  });

  it('splits at every numeric character, not only ASCII digits', () => {
    const one = tokenizer.encode('²');
    expect(tokenizer.encode('²²')).toEqual([...one, ...one]);
  });
});

describe('the tokens that end an answer', () => {
  const endsWith = (eos_token_id: unknown) =>
    tokenizerFromJson(fixtureJson('llama'), null, 'tokenizer.json', { eos_token_id }).endOfTurnIds;

  it('have the usual names or are named in generation_config.json, as one id or a list', () => {
    const named = tokenizerFromJson(fixtureJson('llama')).endOfTurnIds;
    const others = [300, 301].filter((id) => !named.includes(id));
    expect(others).toHaveLength(2);
    expect(endsWith(null)).toEqual(named);
    expect(endsWith(300)).toEqual([...named, 300].sort((a, b) => a - b));
    expect(endsWith([301, 300, named[0]])).toEqual([...named, 300, 301].sort((a, b) => a - b));
  });

  // A vocabulary of 512 tokens.
  it.each([
    ['an unknown id', 512, '512'],
    ['a text', '</s>', '"</s>"'],
    ['an object', { id: 300 }, '{"id":300}'],
    ['a negative id in a list', [300, -2], '-2'],
    ['half an id', [300, 1.5], '1.5'],
  ])('are those that the vocabulary has if generation_config.json names %s', (_, ends, shown) => {
    const json = fixtureJson('llama');
    const { notes, endOfTurnIds } = tokenizerFromJson(json, null, 'x', { eos_token_id: ends });
    const named = tokenizerFromJson(json).endOfTurnIds;
    expect(endOfTurnIds).toEqual(Array.isArray(ends) ? [...named, 300] : named);
    expect(notes).toEqual([
      `x: generation_config.json ends an answer at ${shown}, which is not the id of a token; it is ignored`,
    ]);
  });

  it('are refused if generation_config.json names an unknown one and the vocabulary has none', () => {
    const json = { ...fixtureJson('llama'), added_tokens: [] };
    const refused = () => tokenizerFromJson(json, null, 'x', { eos_token_id: [512, -1] });
    expect(refused).toThrow(
      expect.objectContaining({ code: 'E_TOKENIZER', file: 'x', field: 'eos_token_id' }),
    );
    expect(refused).toThrow('ends an answer at 512, which is not the id of a token: the ids are 0 to 511');
    expect(tokenizerFromJson(json, null, 'x', { eos_token_id: [512, 2] }).endOfTurnIds).toEqual([2]);
  });
});

describe('a tokenizer_config.json that names a token which the vocabulary lacks', () => {
  const read = (config: object) => tokenizerFromJson(fixtureJson('llama'), config, 'x');

  it.each([
    ['pad_token', '[PAD]', '"[PAD]", which the vocabulary lacks,'],
    ['unk_token', { content: '[UNK]' }, '"[UNK]", which the vocabulary lacks,'],
    ['pad_token', 0, 'something that is not a token'],
    ['unk_token', ['<unk>'], 'something that is not a token'],
  ])('is read without its %s %j, which plays no part', (field, value, shown) => {
    const tokenizer = read({ [field]: value });
    expect(tokenizer[field === 'pad_token' ? 'pad' : 'unk']).toBeNull();
    expect(tokenizer.encode('the work of')).toEqual(fixtureTokenizer('llama').encode('the work of'));
    expect(tokenizer.notes).toEqual([
      `x: tokenizer_config.json names ${shown} as its ${field}; it is ignored`,
    ]);
  });

  it('uses the token of the family in place of a needed one', () => {
    const { eos, notes } = read({ eos_token: '</s>' });
    expect(eos).toEqual({ id: 0, text: '<|endoftext|>' });
    expect(notes).toEqual([
      'x: tokenizer_config.json names the eos_token "</s>", which the vocabulary lacks; using <|endoftext|> instead',
    ]);
  });

  it('is refused if the vocabulary has no token in place of a needed one', () => {
    expect(() => read({ bos_token: '<s>' })).toThrow(
      expect.objectContaining({ code: 'E_TOKENIZER', field: 'bos_token', file: 'x' }),
    );
  });

  it('may leave a token empty, and may hold fields that nobody reads', () => {
    const added_tokens_decoder = { '-1': 7, '99999': { content: '<x>' } };
    const { eos, notes } = read({
      eos_token: '',
      mask_token: 7,
      added_tokens_decoder,
      model_max_length: 'x',
    });
    expect(eos).toBeNull();
    expect(notes).toEqual([]);
  });
});

describe('a tokenizer', () => {
  it('accepts fields that have no effect', () => {
    const json = {
      ...fixtureJson('llama'),
      truncation: { max_length: 1, strategy: 'LongestFirst', stride: 0 },
      padding: { strategy: { Fixed: 9 } },
    };
    const text = 'hold fast the rope';
    expect(tokenizerFromJson(json).encode(text)).toEqual(fixtureTokenizer('llama').encode(text));
  });

  it('never makes a control token of ordinary text by merging', () => {
    const vocab = { '<': 0, s: 1, '>': 2, '<s': 3, '<s>': 4 };
    const tokenizer = tokenizerFromJson({
      added_tokens: [{ id: 4, content: '<s>', special: true }],
      decoder: { type: 'Fuse' },
      model: { type: 'BPE', vocab, merges: ['< s', '<s >'], ignore_merges: true },
    });
    expect(tokenizer.encode('<s>')).toEqual([3, 2]);
    expect(tokenizer.encode('<s>', { special: true })).toEqual([4]);
  });

  it.each([
    ['at the beginning', '\ud800', 0],
    ['between words', 'a \udc00 b', 2],
    ['the wrong way round', 'a\udc00\ud800', 1],
    ['beside a whole pair', '😀\ud83d', 2],
  ])('refuses half of a surrogate pair %s, which would become U+FFFD', (_, text, at) => {
    const tokenizer = fixtureTokenizer('llama');
    for (const special of [false, true]) {
      expect(() => tokenizer.encode(text, { special })).toThrow(
        expect.objectContaining({
          code: 'E_USAGE',
          message: expect.stringContaining(`half of a surrogate pair at index ${at}: "\\ud`),
        }),
      );
    }
    expect(tokenizer.decode(tokenizer.encode('\ufffd😀'))).toBe('\ufffd😀');
  });

  it('may heed the beginning of a text after a normaliser that keeps it', () => {
    const normalizer = { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' };
    const pre_tokenizer = { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'first' };
    const model = { type: 'BPE', vocab: { a: 0, '\u2581': 1 }, merges: [] };
    expect(tokenizerFromJson({ normalizer, pre_tokenizer, model }).encode('a a')).toEqual([1, 0, 1, 0]);
  });

  it('says when a character is no token and the unknown token is none either', () => {
    const model = { type: 'BPE', vocab: { a: 0 }, merges: [], unk_token: '<unk>' };
    const tokenizer = tokenizerFromJson({ decoder: { type: 'Fuse' }, model });
    expect(tokenizer.encode('a')).toEqual([0]);
    expect(() => tokenizer.encode('ab')).toThrow(/E_TOKENIZER.*"b" is no token.*model\.unk_token/);
  });

  it('knows where tokens end beside characters that it does not know', () => {
    const model = { type: 'BPE', vocab: { a: 0, b: 1, '?': 2 }, merges: [], unk_token: '?', fuse_unk: true };
    const tokenizer = tokenizerFromJson({ decoder: { type: 'Fuse' }, model });
    const { ids, cut } = tokenizer.encodeParts('a日本b', { plain: [], guarded: new Set() });
    expect(ids).toEqual([0, 2, 1]);
    expect([1, 2, 3].map(cut)).toEqual([
      { before: 1, after: 1 },
      { before: 1, after: 2 },
      { before: 2, after: 2 },
    ]);
  });
});

describe('an unusable tokenizer', () => {
  const llama = () => fixtureJson('llama');
  const withModel = (fields: object) => ({
    ...llama(),
    model: { ...(llama().model as object), ...fields },
    added_tokens: [],
  });
  const withAdded = (fields: object) => ({
    ...llama(),
    added_tokens: [{ id: 512, content: '<t>', ...fields }],
  });
  const withStart = (normalizer: object) => ({
    ...llama(),
    normalizer,
    pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'first' },
  });
  it.each([
    ['no object', () => 'text', /malformed tokenizer\.json/],
    ['no vocabulary', () => ({ model: { type: 'BPE', merges: [] } }), /field model\.vocab/],
    ['another model type', () => ({ model: { type: 'Unigram', vocab: [] } }), /Unigram.*field model\.type/],
    [
      'an unknown decoder',
      () => ({ ...llama(), decoder: { type: 'Odd' } }),
      /component.*Odd.*field decoder\.type/,
    ],
    [
      'an unknown normaliser in a sequence',
      () => ({
        ...llama(),
        normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Precompiled' }] },
      }),
      /component.*Precompiled.*field normalizer\.normalizers\.1\.type/,
    ],
    [
      'an unknown field of a component',
      () => ({ ...llama(), pre_tokenizer: { type: 'Metaspace', replacement: '▁', splits: 2 } }),
      /field.*splits.*field pre_tokenizer\.splits/,
    ],
    ['an unknown field of the file', () => ({ ...llama(), odd: 1 }), /unsupported field.*odd/],
    ['another version', () => ({ ...llama(), version: '2.0' }), /field version/],
    [
      'an unknown way to split',
      () => ({ ...llama(), pre_tokenizer: { type: 'Split', pattern: { Regex: 'a' }, behavior: 'Odd' } }),
      /pre_tokenizer\.behavior/,
    ],
    [
      'a regular expression that cannot be read',
      () => ({ ...llama(), pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated' } }),
      /pre_tokenizer\.pattern/,
    ],
    [
      'a contradiction about the space before a text',
      () => ({
        ...llama(),
        pre_tokenizer: {
          type: 'Metaspace',
          replacement: '▁',
          add_prefix_space: false,
          prepend_scheme: 'first',
        },
      }),
      /add_prefix_space: false contradicts.*pre_tokenizer\.add_prefix_space/,
    ],
    ['merging at random', () => withModel({ dropout: 0.1 }), /at random.*field model\.dropout/],
    [
      'a mark before parts of words',
      () => withModel({ continuing_subword_prefix: '##' }),
      /model\.continuing_subword_prefix/,
    ],
    [
      'a mark after words',
      () => withModel({ end_of_word_suffix: '</w>' }),
      /affixes.*model\.end_of_word_suffix/,
    ],
    ['an unknown field of the model', () => withModel({ unk_id: 0 }), /unk_id.*field model\.unk_id/],
    [
      'two tokens with one id',
      () => withModel({ vocab: { a: 0, b: 0 }, merges: [] }),
      /"a" and "b" have the same id: 0.*model\.vocab/,
    ],
    [
      'an id that is none',
      () => withModel({ vocab: { a: -1 }, merges: [] }),
      /expected an id.*model\.vocab\.a/,
    ],
    [
      'half a surrogate pair',
      () => withModel({ vocab: { 'a\ud800': 0 }, merges: [] }),
      /not valid Unicode.*\\ud800/,
    ],
    [
      'a merge of unknown tokens',
      () => withModel({ vocab: { a: 0, b: 1 }, merges: [['a', 'b']] }),
      /merge 0 is of or into a token that is not in the vocabulary: \["a","b"\].*model\.merges/,
    ],
    [
      'a merge of three tokens',
      () => withModel({ vocab: { a: 0, aa: 1 }, merges: ['a a a'] }),
      /merge 0.*model\.merges/,
    ],
    [
      'a Metaspace that heeds the beginning of a text, after a normaliser that can remove it',
      () =>
        withStart({
          type: 'Sequence',
          normalizers: [{ type: 'Strip', strip_left: true, strip_right: false }],
        }),
      /prepend_scheme "first" after a normalizer that can remove.*field pre_tokenizer/,
    ],
    [
      'the same after a Replace',
      () => withStart({ type: 'Replace', pattern: { String: 'ab' }, content: 'x' }),
      /prepend_scheme "first" after a normalizer that can remove/,
    ],
    [
      'an empty Prepend',
      () => ({ ...llama(), normalizer: { type: 'Prepend', prepend: '' } }),
      /expected a text to prepend.*field normalizer\.prepend/,
    ],
    [
      'a regular expression that cannot be translated',
      () => ({ ...llama(), normalizer: { type: 'Replace', pattern: { Regex: '(?i:É)' }, content: '' } }),
      /regular expression that is not supported: this letter, with case ignored.*field normalizer\.pattern\.Regex/,
    ],
    [
      'an added token with half a surrogate pair',
      () => withAdded({ content: '\udc00' }),
      /not valid Unicode.*added_tokens\.0\.content/,
    ],
    ['an added token with an unknown flag', () => withAdded({ odd: true }), /odd.*added_tokens\.0\.odd/],
    [
      'an added token with the id of another token',
      () => withAdded({ id: 3 }),
      /"<t>" has id 3, but tokenizers gives it id 512.*added_tokens\.0\.id/,
    ],
    [
      'an added token with another id than in the vocabulary',
      () => withAdded({ content: '!' }),
      /"!" has id 512, but tokenizers gives it id 3/,
    ],
    [
      'a gap before an added token',
      () => withAdded({ id: 513 }),
      /"<t>" has id 513, but tokenizers gives it id 512/,
    ],
  ])('is refused with its place: %s', (_, json, message) => {
    expect(() => tokenizerFromJson(json(), null, 'some/tokenizer.json')).toThrow(
      expect.objectContaining({
        code: 'E_TOKENIZER',
        file: 'some/tokenizer.json',
        message: expect.stringMatching(message),
      }),
    );
  });

  it('is refused when its config is malformed', () => {
    expect(() => tokenizerFromJson(llama(), { eos_token: 7 })).toThrow(/E_TOKENIZER.*field eos_token/);
  });

  it('refuses ids outside the vocabulary', () => {
    const tokenizer = fixtureTokenizer('llama');
    for (const id of [-1, 512, 1.5, Number.NaN]) {
      expect(() => tokenizer.decode([id])).toThrow(expect.objectContaining({ code: 'E_TOKEN_RANGE' }));
    }
    expect(tokenizer.decode([...tokenizer.encode('a'), 512], { skipSpecial: true })).toBe('a'); // as in an answer
    const withHole = tokenizerFromJson(withModel({ vocab: { a: 0, b: 2 }, merges: [] }));
    expect(withHole.vocabSize).toBe(3);
    expect(() => withHole.decode([1])).toThrow(/E_TOKEN_RANGE: no token has id 1/);
  });
});
