import { expect, it } from 'vitest';
import { createTextLogprobs } from './text-logprobs.js';
import type { ChosenLogprob } from './token-logprobs.js';

/** A token with these bytes, and another one in its place. */
const token = (bytes: readonly number[]): ChosenLogprob => {
  const own = { token: Buffer.from(bytes).toString(), bytes, logprob: -1 };
  return { ...own, top_logprobs: [{ token: 'a', bytes: [97], logprob: -2 }] };
};

it('the offset of a token counts characters, also where several tokens make one', () => {
  const anchor = [...Buffer.from('⚓')]; // three bytes
  const wave = [...Buffer.from('🌊')]; // four bytes, two UTF-16 units
  const parts = [[104, 105], anchor.slice(0, 2), anchor.slice(2), wave.slice(0, 1), wave.slice(1), [33]];
  const found = createTextLogprobs()(parts.map(token));
  expect(found.text_offset).toEqual([0, 2, 2, 3, 3, 4]);
  const inPieces = createTextLogprobs();
  expect(parts.flatMap((part) => inPieces([token(part)]).text_offset)).toEqual(found.text_offset);
  expect(found.tokens).toEqual([
    'hi',
    'bytes:\\xe2\\x9a',
    'bytes:\\x93',
    'bytes:\\xf0',
    'bytes:\\x9f\\x8c\\x8a',
    '!',
  ]);
  expect(found.top_logprobs[1]).toEqual({ a: -2, 'bytes:\\xe2\\x9a': -1 });
});

it('a character that means an unknown one is itself', () => {
  expect(createTextLogprobs()([token([0xef, 0xbf, 0xbd])]).tokens).toEqual(['\ufffd']);
});
