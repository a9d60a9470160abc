import { strictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { byteLevelText } from '../../dist-fuzz/text/byte-level.js';
import { tokenizerFromJson } from '../../dist-fuzz/text/index.js';
import { checkEncodings, encodeTexts, TEXTS } from '../encodings.mjs';
import { jsonOf } from '../sources.mjs';

const COMPONENTS = new URL('../../test/fixtures/tokenizers.json', import.meta.url);

/** A tokenizer.json. A text has the same ids twice, all of the vocabulary, and comes back where nothing may be lost. */
export default {
  rooms: ['text'],
  kind: 'json',
  seeds: () => {
    const { base, cases } = JSON.parse(readFileSync(COMPONENTS, 'utf8'));
    // The others are refused, as they are by the Rust library.
    const accepted = cases.filter(({ expected }) => expected !== null);
    return [byteLevel(base), ...accepted.map(({ fields }) => small({ ...base, ...fields }))].map(
      (json) => new Uint8Array(Buffer.from(JSON.stringify(json))),
    );
  },
  read(bytes) {
    const json = jsonOf(bytes);
    const tokenizer = tokenizerFromJson(json);
    return { json, tokenizer, encodings: encodeTexts(tokenizer) };
  },
  check({ json, tokenizer, encodings }) {
    checkEncodings(tokenizer, encodings);
    for (const [index, text] of TEXTS.entries()) {
      if (losesNothing(json, text)) strictEqual(encodings[index].decoded, text);
    }
  },
};

/**
 * Whether decoding gives a text back: its bytes are tokens, nothing changes it before, and nothing after. An added token
 * may take spaces away, may be read as other bytes, and may have taken the id of a token in a vocabulary with gaps.
 */
function losesNothing({ normalizer, pre_tokenizer, decoder, added_tokens, model }, text) {
  const { vocab } = model;
  return (
    normalizer == null &&
    pre_tokenizer?.type === 'ByteLevel' &&
    !pre_tokenizer.add_prefix_space &&
    decoder?.type === 'ByteLevel' &&
    (added_tokens ?? []).every(
      ({ content, lstrip, rstrip }) => !lstrip && !rstrip && /^[!-~]*$/.test(content),
    ) &&
    Object.values(vocab).every((id) => id < Object.keys(vocab).length) &&
    [...byteLevelText(text)].every((byte) => Object.hasOwn(vocab, byte))
  );
}

/** A tokenizer that loses nothing of the texts. */
function byteLevel(base) {
  const bytes = [...new Set(byteLevelText(TEXTS.join('')))];
  const merges = [
    ['a', 'b'],
    ['ab', 'ab'],
    ['Ġ', 'Ã'],
    ['Ã', '©'],
    ['l', 'o'],
  ];
  const tokens = [...bytes, ...merges.map((pair) => pair.join(''))];
  const added = base.added_tokens.map((token, index) => ({ ...token, id: tokens.length + index }));
  return {
    ...{ version: '1.0', added_tokens: added, normalizer: null, decoder: { type: 'ByteLevel' } },
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
  };
}

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
