import { bytesOfByteLevelToken } from './byte-level.js';
import { byteOfByteToken, type Decoder } from './decoders.js';

const utf8 = new TextEncoder();
const SPACE = 0x20;

/**
 * Creates the decoder of a GGUF file, as llama.cpp decodes: the bytes of all tokens make the text. Control tokens and
 * added words stand for their own text, because the file stores that text. Unused tokens stand for none: they fill the
 * vocabulary up to the rows of the embedding.
 * @param tokens.kind how other tokens are written: GPT-2's alphabet, or U+2581 for a space and `<0xE2>` for a byte
 * @param tokens.added control tokens and added words
 * @param tokens.dropsSpace whether a text loses the space that the encoder put before it
 */
export function ggufDecoder(tokens: {
  readonly kind: 'gpt2' | 'llama';
  readonly added: ReadonlySet<string>;
  readonly unused: ReadonlySet<string>;
  readonly dropsSpace: boolean;
}): Decoder {
  const { kind, added, unused, dropsSpace } = tokens;
  const bytesOf = (token: string): Uint8Array => {
    const byte = kind === 'llama' ? byteOfByteToken(token) : null;
    if (byte !== null) return Uint8Array.of(byte);
    if (added.has(token)) return utf8.encode(token);
    if (unused.has(token)) return new Uint8Array();
    if (kind === 'llama') return utf8.encode(token.replaceAll('\u2581', ' '));
    return bytesOfByteLevelToken(token) ?? utf8.encode(token);
  };
  return {
    start(atStart) {
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      let drops = atStart && dropsSpace;
      return {
        push(token) {
          const bytes = bytesOf(token);
          const from = drops && bytes[0] === SPACE ? 1 : 0;
          drops = false;
          return decoder.decode(bytes.subarray(from), { stream: true });
        },
        finish: () => decoder.decode(),
      };
    },
    bytesOf,
  };
}
