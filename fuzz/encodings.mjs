import { deepStrictEqual, ok } from 'node:assert';

/** Texts that make tokenizers differ. */
export const TEXTS = [
  '',
  'Hello, world',
  ' é e\u0301 😀\u200d',
  '<s>a</s>\n\n  b',
  "\u2581▁ 123 It's",
  'ab'.repeat(40),
];

/** Returns the ids of a text, the bytes of each, and the text that they stand for. */
function encodingOf(tokenizer, text) {
  const ids = tokenizer.encode(text, { special: true });
  return { ids, bytes: ids.map((id) => tokenizer.tokenBytes(id)), decoded: tokenizer.decode(ids) };
}

/**
 * Encodes each text, and decodes it again.
 * @throws HoldfastError for a text with a character that is no token where the unknown token is none either, for one that would
 * become a control token, and for one that would become far longer
 */
export const encodeTexts = (tokenizer) => TEXTS.map((text) => encodingOf(tokenizer, text));

/** Checks that a text has the same ids and bytes again, and that they are of the vocabulary. */
export function checkEncodings(tokenizer, encodings) {
  for (const [index, encoding] of encodings.entries()) {
    deepStrictEqual(encodingOf(tokenizer, TEXTS[index]), encoding);
    const { ids, bytes, decoded } = encoding;
    for (const id of ids) ok(Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize, `${id} is no id`);
    ok(bytes.every((each) => each instanceof Uint8Array));
    ok(typeof decoded === 'string');
  }
}
