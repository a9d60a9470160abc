import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixtureTokenizer, MODELS } from '../../test/support/text-fixtures.js';
import { createStreamDecoder } from './stream.js';
import { tokenizerFromJson } from './tokenizer.js';

/** Models whose vocabulary writes unknown characters as byte tokens. One invalid byte makes all of a run invalid. */
const BYTE_TOKENS: ReadonlySet<string> = new Set(['gemma3', 'mistral']);

describe.each(MODELS)('text streamed by the tokenizer of %s', (model) => {
  const tokenizer = fixtureTokenizer(model);
  const ids = fc.array(fc.nat({ max: tokenizer.vocabSize - 1 }), { maxLength: 40 });

  it('equals decoding all ids at once, for any ids', () => {
    fc.assert(
      fc.property(ids, fc.boolean(), (ids, skipSpecial) => {
        const stream = createStreamDecoder(tokenizer, { skipSpecial });
        const pieces = ids.map((id) => stream.push(id));
        expect(pieces.join('') + stream.finish()).toBe(tokenizer.decode(ids, { skipSpecial }));
      }),
    );
  });

  it('never emits half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-composite' }), (text) => {
        const stream = createStreamDecoder(tokenizer);
        const points = new Set(text);
        const pieces = tokenizer.encode(text).map((id) => stream.push(id));
        for (const piece of [...pieces, stream.finish()]) {
          for (const point of piece) expect(points.has(point) || point === ' ').toBe(true);
        }
      }),
    );
  });

  it('holds an emoji back until its last byte, or until its byte tokens end', () => {
    const stream = createStreamDecoder(tokenizer);
    const ids = tokenizer.encode('🦜');
    expect(ids.length).toBeGreaterThan(1);
    const pieces = [...ids, tokenizer.encode('a')[0]!].map((id) => stream.push(id));
    const last = BYTE_TOKENS.has(model) ? ['', '🦜a'] : ['🦜', 'a'];
    expect(pieces).toEqual([...ids.slice(1).map(() => ''), ...last]);
  });

  it('ends with the replacement character when a character is cut off', () => {
    const stream = createStreamDecoder(tokenizer);
    const [first] = tokenizer.encode('🦜');
    expect(stream.push(first!)).toBe('');
    expect(stream.finish()).toBe('\ufffd');
  });
});

it('drops the one leading space of a SentencePiece text, and no other', () => {
  const tokenizer = tokenizerFromJson({
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
    model: { type: 'BPE', vocab: { '▁': 0, a: 1, '▁a': 2 }, merges: [['▁', 'a']] },
  });
  expect(tokenizer.encode('a a')).toEqual([2, 2]);
  const stream = createStreamDecoder(tokenizer);
  expect([2, 2, 0].map((id) => stream.push(id))).toEqual(['a', ' a', ' ']);
  expect(tokenizer.decode([2, 2, 0])).toBe('a a ');
  expect(tokenizer.decode([2, 0], { inMiddle: true })).toBe(' a ');
});

it('gives text as soon as it is certain, whatever the decoder', () => {
  const pieces = (decoder: object, tokens: string[]) => {
    const names = [...new Set(tokens)];
    const tokenizer = tokenizerFromJson({
      decoder,
      model: { type: 'BPE', vocab: Object.fromEntries(names.map((token, id) => [token, id])), merges: [] },
    });
    const stream = createStreamDecoder(tokenizer);
    return [...tokens.map((token) => stream.push(names.indexOf(token))), stream.finish()];
  };
  const fused = (...decoders: object[]) => ({ type: 'Sequence', decoders: [{ type: 'Fuse' }, ...decoders] });
  const strip = { type: 'Strip', content: 'x', start: 1, stop: 2 };
  expect(pieces(fused(strip), ['x', 'xa', 'x', 'x', 'x', 'b', 'x'])).toEqual([
    '',
    'xa',
    '',
    '',
    'x',
    'xxb',
    '',
    '',
  ]);
  const replace = { type: 'Replace', pattern: { String: '▁' }, content: ' ' };
  expect(pieces(fused(replace), ['▁a', '▁b'])).toEqual([' a', ' b', '']);
  expect(pieces(fused({ ...replace, pattern: { String: 'ab' } }), ['▁a', 'b'])).toEqual(['', '', '▁ ']);
  expect(pieces({ type: 'BPEDecoder', suffix: '</w>' }, ['a', 'b</w>', 'c</w>'])).toEqual([
    '',
    'a',
    'b ',
    'c',
  ]);
});
