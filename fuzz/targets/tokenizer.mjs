import { ok, strictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { tokenizerFromJson } from '../../dist-fuzz/text/index.js';
import { jsonOf } from '../sources.mjs';

const COMPONENTS = new URL('../../test/fixtures/tokenizers.json', import.meta.url);
const TEXTS = [
  '',
  'Hello, world',
  ' é e\u0301 😀\u200d',
  '<s>a</s>\n\n  b',
  "\u2581▁ 123 It's",
  'ab'.repeat(40),
];

/** A tokenizer.json. Every text has ids of the vocabulary, and ids have the same text twice. */
export default {
  rooms: ['text'],
  kind: 'json',
  seeds: () => {
    const { base, cases } = JSON.parse(readFileSync(COMPONENTS, 'utf8'));
    return cases.map(
      ({ fields }) => new Uint8Array(Buffer.from(JSON.stringify({ ...small(base), ...fields }))),
    );
  },
  run(bytes) {
    const tokenizer = tokenizerFromJson(jsonOf(bytes));
    for (const text of TEXTS) {
      const ids = tokenizer.encode(text, { special: true });
      ok(ids.every((id) => Number.isInteger(id) && id >= 0 && id < tokenizer.vocabSize));
      strictEqual(tokenizer.decode(ids), tokenizer.decode(ids));
      for (const id of ids) ok(tokenizer.tokenBytes(id) instanceof Uint8Array);
    }
  },
};

/** The same tokenizer with few of its byte tokens: short inputs run faster. */
function small(base) {
  const vocab = Object.fromEntries(
    Object.keys(base.model.vocab)
      .filter((_, id) => id < 48)
      .map((token, id) => [token, id]),
  );
  const merges = base.model.merges.filter((merge) =>
    [...[merge].flat(), [merge].flat().join('')].every((part) => part in vocab),
  );
  const first = Object.keys(vocab).length;
  const added = base.added_tokens.map((token, index) => ({ ...token, id: first + index }));
  return { ...base, added_tokens: added, model: { ...base.model, vocab, merges } };
}
