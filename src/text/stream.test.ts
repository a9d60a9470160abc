import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixtureTokenizer, MODELS } from '../../test/support/text-fixtures.js';
import { createStreamDecoder } from './stream.js';
import { tokenizerFromJson } from './tokenizer.js';

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
        for (const id of tokenizer.encode(text)) {
          for (const point of stream.push(id)) expect(points.has(point) || point === ' ').toBe(true);
        }
        expect(stream.finish()).toBe('');
      }),
    );
  });

  it('holds an emoji back until its last byte', () => {
    const stream = createStreamDecoder(tokenizer);
    const ids = tokenizer.encode('🦜');
    expect(ids.length).toBeGreaterThan(1);
    expect(ids.map((id) => stream.push(id))).toEqual([...ids.slice(1).map(() => ''), '🦜']);
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
});
