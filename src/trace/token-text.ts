import type { Tokenizer } from '../text/index.js';

/**
 * The text of some tokens out of the middle of a sequence: unlike `decode`, it keeps the space in front that a
 * tokenizer writes for the first word of a text. Bytes that are no character become U+FFFD.
 * @throws HoldfastError `E_TOKEN_RANGE` for an id that no token has
 */
export function tokenText(tokenizer: Tokenizer, ids: readonly number[]): string {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  return ids.map((id) => utf8.decode(tokenizer.tokenBytes(id), { stream: true })).join('') + utf8.decode();
}
