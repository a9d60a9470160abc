import { describe, expect, it } from 'vitest';
import { readJson, rootFile } from '../../test/support/text-fixtures.js';
import { createStreamDecoder } from './stream.js';
import { type Tokenizer, tokenizerFromJson } from './tokenizer.js';

interface Case {
  readonly name: string;
  readonly fields: Record<string, unknown>;
  readonly expected: {
    readonly texts: [text: string, ids: number[], plainIds: number[]][];
    readonly sequences: [ids: number[], decoded: string, skipped: string][];
  } | null;
}
const { base, cases } = readJson<{ base: Record<string, unknown>; cases: Case[] }>(
  rootFile('test/fixtures/tokenizers.json'),
);

const streamed = (tokenizer: Tokenizer, ids: readonly number[], skipSpecial: boolean): string => {
  const stream = createStreamDecoder(tokenizer, { skipSpecial });
  return ids.map((id) => stream.push(id)).join('') + stream.finish();
};

describe.each(cases.filter(({ expected }) => expected !== null))(
  'a tokenizer with $name',
  ({ fields, expected }) => {
    const tokenizer = tokenizerFromJson({ ...base, ...fields });

    it('gives the ids of tokenizers', () => {
      for (const [text, ids, plainIds] of expected!.texts) {
        expect(tokenizer.encode(text, { special: true }), JSON.stringify(text)).toEqual(ids);
        expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(plainIds);
      }
    });

    it('decodes as tokenizers does, whole and streamed', () => {
      for (const [ids, decoded, skipped] of expected!.sequences) {
        expect(tokenizer.decode(ids), JSON.stringify(ids)).toBe(decoded);
        expect(tokenizer.decode(ids, { skipSpecial: true }), JSON.stringify(ids)).toBe(skipped);
        expect(streamed(tokenizer, ids, false), JSON.stringify(ids)).toBe(decoded);
        expect(streamed(tokenizer, ids, true), JSON.stringify(ids)).toBe(skipped);
      }
    });
  },
);

it('is refused where tokenizers refuses it', () => {
  const refused = cases.filter(({ expected }) => expected === null);
  expect(refused.length).toBeGreaterThan(0);
  for (const { name, fields } of refused) {
    expect(() => tokenizerFromJson({ ...base, ...fields }), name).toThrow(/^E_TOKENIZER/);
  }
});

it.each([[{ toString: 1 }], [undefined], [null], ['Sequences']])(
  'is refused if a component has the type %j',
  (type) => {
    expect(() => tokenizerFromJson({ ...base, decoder: { type } })).toThrow(
      /E_TOKENIZER: unsupported component of tokenizer\.json: .*decoder/,
    );
  },
);

it('is refused if its lists would be longer than any vocabulary', () => {
  const { model } = base as { model: { vocab: Record<string, number> } };
  const withId = (id: number) =>
    tokenizerFromJson({ ...base, added_tokens: [], model: { ...model, vocab: { ...model.vocab, new: id } } });
  expect(withId(2 ** 22 - 1).vocabSize).toBe(2 ** 22);
  // From 2^32 - 1 on, an id is no index of a list.
  for (const id of [2 ** 22, 2 ** 32 - 2, 2 ** 32, 2 ** 53]) {
    expect(() => withId(id)).toThrow(
      /E_TOKENIZER.*the id \d+ is above the limit of 4194303.*model\.vocab\.new/,
    );
  }
});

describe('a text that would become far longer is refused', () => {
  const double = { type: 'Replace', pattern: { String: 'h' }, content: 'hh' };
  const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
  const many = <T>(component: T): T[] => Array.from({ length: 200 }, () => component);
  /** Sequences of two in each other: the same as one of 2^8. */
  const nested = (of: (parts: object[]) => object, component: object): object =>
    Array.from({ length: 8 }).reduce<object>((inner) => of([inner, inner]), component);
  const normalizers = (parts: object[]): object => ({ type: 'Sequence', normalizers: parts });
  const pretokenizers = (parts: object[]): object => ({ type: 'Sequence', pretokenizers: parts });
  const decoders = (parts: object[]): object => ({ type: 'Sequence', decoders: parts });
  const wider = { type: 'Replace', pattern: { Regex: '' }, content: 'x'.repeat(6) };
  const longer = { type: 'Replace', pattern: { Regex: '' }, content: 'x'.repeat(2 ** 22) };

  it.each<[string, object, RegExp]>([
    ['normalizers', { normalizer: normalizers(many(double)) }, /field normalizer/],
    ['nested normalizers', { normalizer: nested(normalizers, double) }, /field normalizer/],
    ['one normalizer', { normalizer: longer }, /field normalizer/],
    // Together, these would be longer than a string can be.
    ['three normalizers', { normalizer: normalizers([wider, wider, longer]) }, /field normalizer/],
    ['a long start', { normalizer: { type: 'Prepend', prepend: 'x'.repeat(2 ** 20) } }, /field normalizer/],
    ['pre-tokenizers', { pre_tokenizer: pretokenizers(many(bytes)) }, /field pre_tokenizer/],
    ['nested pre-tokenizers', { pre_tokenizer: nested(pretokenizers, bytes) }, /field pre_tokenizer/],
  ])('by %s', (_, fields, where) => {
    const tokenizer = tokenizerFromJson({ ...base, added_tokens: [], ...fields }, null, 'stranger');
    const encode = () => tokenizer.encode('hello \u00e9');
    expect(encode).toThrow(/^E_TOKENIZER: 7 characters become more than 64 times as many and 16/);
    expect(encode).toThrow(where);
    expect(encode).toThrow(/stranger/);
  });

  it.each<[string, object]>([
    ['decoders', decoders(many(double))],
    ['nested decoders', nested(decoders, double)],
    [
      'decoders of the whole text',
      decoders([{ type: 'Fuse' }, ...many({ ...double, pattern: { Regex: 'h' } })]),
    ],
    ['one decoder', longer],
    ['an empty suffix', decoders(many({ type: 'BPEDecoder', suffix: '' }))],
  ])('by %s', (_, decoder) => {
    const tokenizer = tokenizerFromJson({ ...base, decoder });
    const decode = () => tokenizer.decode([...Array(tokenizer.vocabSize).keys()]);
    expect(decode).toThrow(/^E_TOKENIZER: \d+ characters become more than .*field decoder/);
  });

  it("but not by the longest of Unicode's own forms", () => {
    const tokenizer = tokenizerFromJson({ ...base, added_tokens: [], normalizer: { type: 'NFKD' } });
    expect(tokenizer.encode('\ufdfa'.repeat(1000)).length).toBeGreaterThanOrEqual(18_000);
  });
});
