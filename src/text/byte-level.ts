/**
 * GPT-2's alphabet for bytes: each of the 256 bytes is written as one printable character, so that JSON can hold a
 * vocabulary of byte strings. Printable Latin-1 stands for itself; the other bytes are moved to U+0100 and up.
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

/** Returns the bytes that a byte-level token stands for, or null if a character is not in the alphabet. */
export function bytesOfByteLevelToken(token: string): Uint8Array | null {
  const bytes = new Uint8Array(token.length); // every character of the alphabet is one UTF-16 unit
  for (let i = 0; i < token.length; i++) {
    const byte = byteOfCharacter.get(token[i]!);
    if (byte === undefined) return null;
    bytes[i] = byte;
  }
  return bytes;
}

const characterOfByte: readonly string[] = [...byteOfCharacter.keys()];
const utf8 = new TextEncoder();

/** Returns the bytes of a text in GPT-2's alphabet. */
export function byteLevelText(text: string): string {
  let written = '';
  for (const byte of utf8.encode(text)) written += characterOfByte[byte];
  return written;
}
