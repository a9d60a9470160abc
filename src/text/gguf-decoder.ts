import { bytesOfByteLevelToken } from './byte-level.js';
import { byteOfByteToken, type Decoder } from './decoders.js';

const utf8 = new TextEncoder();
const SPACE = 0x20;

/**
 * Creates the decoder of a GGUF file, as llama.cpp decodes: the bytes of all tokens make the text. Control tokens and
 * added words stand for their own text, because the file stores that text.
 * @param kind how other tokens are written: GPT-2's alphabet, or U+2581 for a space and `<0xE2>` for a byte
 * @param added control tokens and added words
 * @param dropsSpace whether a text loses the space that the encoder put before it
 */
export function ggufDecoder(
  kind: 'gpt2' | 'llama',
  added: ReadonlySet<string>,
  dropsSpace: boolean,
): Decoder {
  const bytesOf = (token: string): Uint8Array => {
    const byte = kind === 'llama' ? byteOfByteToken(token) : null;
    if (byte !== null) return Uint8Array.of(byte);
    if (added.has(token)) return utf8.encode(token);
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
