import { deepStrictEqual, ok, strictEqual } from 'node:assert';

/** Texts that make tokenizers differ. */
export const TEXTS = [
  '',
  'Hello, world',
  ' é e\u0301 😀\u200d',
  '<s>a</s>\n\n  b',
  "\u2581▁ 123 It's",
  'ab'.repeat(40),
];

const encode = (tokenizer, text) => tokenizer.encode(text, { special: true });

/**
 * Returns the ids of each text.
 * @throws HoldfastError for a text with a character that is no token where the unknown token is none either, and for one that
 * would become a control token
 */
export const encodeTexts = (tokenizer) => TEXTS.map((text) => encode(tokenizer, text));

/** Checks that a text has the same ids again, that they are of the vocabulary, and that each stands for bytes and for text. */
export function checkEncodings(tokenizer, encodings) {
  for (const [index, ids] of encodings.entries()) {
    deepStrictEqual(encode(tokenizer, TEXTS[index]), ids);
    for (const id of ids) {
      ok(Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize, `${id} is no id`);
      ok(tokenizer.tokenBytes(id) instanceof Uint8Array);
    }
    strictEqual(typeof tokenizer.decode(ids), 'string');
  }
}
