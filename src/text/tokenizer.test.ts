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

  it.each([
    ['an unknown id', 512, /end-of-answer token that is not in the vocabulary: 512.*eos_token_id/],
    ['a text', '</s>', /malformed generation_config\.json.*eos_token_id/],
    ['a list with something else', [1, -2], /malformed generation_config\.json.*eos_token_id/],
  ])('are refused when generation_config.json names %s', (_, ends, message) => {
    expect(() => endsWith(ends)).toThrow(
      expect.objectContaining({ code: 'E_TOKENIZER', message: expect.stringMatching(message) }),
    );
  });
});

describe('an unusable tokenizer', () => {
  const llama = () => fixtureJson('llama');
  it.each([
    ['no object', () => 'text', /malformed tokenizer\.json/],
    ['no vocabulary', () => ({ model: { type: 'BPE', merges: [] } }), /field model\.vocab/],
    ['another model type', () => ({ model: { type: 'Unigram', vocab: [] } }), /Unigram.*field model\.type/],
    [
      'an unknown decoder',
      () => ({ ...llama(), decoder: { type: 'WordPiece' } }),
      /WordPiece.*field decoder/,
    ],
    ['an unknown normaliser', () => ({ ...llama(), normalizer: { type: 'Odd' } }), /Odd/],
    [
      'an unknown way to split',
      () => ({
        ...llama(),
        pre_tokenizer: { type: 'Split', pattern: { Regex: 'a' }, behavior: 'Contiguous' },
      }),
      /Contiguous.*pre_tokenizer\.behavior/,
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
  });
});
