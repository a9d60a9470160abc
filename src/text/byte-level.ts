/**
 * GPT-2's alphabet for bytes: each of the 256 bytes is written as one printable character, so that a vocabulary of
 * byte strings can live in JSON. Printable Latin-1 stands for itself; the rest is moved to U+0100 and up.
 * Source: `bytes_to_unicode` of openai/gpt-2 (encoder.py).
 */
const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);

const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const map = new Map<string, number>();
  let moved = 0;
  for (let byte = 0; byte < 256; byte++) {
    map.set(String.fromCharCode(isPrintable(byte) ? byte : 0x100 + moved++), byte);
  }
  return map;
})();

/** The bytes that a byte-level token string stands for, or null when a character is not of the alphabet. */
export function bytesOfByteLevelToken(token: string): Uint8Array | null {
  const bytes = new Uint8Array(token.length); // the alphabet lies in the basic plane: one unit, one byte
  for (let i = 0; i < token.length; i++) {
    const byte = byteOfCharacter.get(token[i]!);
    if (byte === undefined) return null;
    bytes[i] = byte;
  }
  return bytes;
}
