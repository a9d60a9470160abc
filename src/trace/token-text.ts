import type { Tokenizer } from '../text/index.js';

/**
 * Returns the text of tokens from the middle of a sequence. Unlike `decode`, it keeps a leading space. Bytes that are not
 * valid UTF-8 become U+FFFD.
 * @throws HoldfastError `E_TOKEN_RANGE` for an id that no token has
 */
export function tokenText(tokenizer: Tokenizer, ids: readonly number[]): string {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  return ids.map((id) => utf8.decode(tokenizer.tokenBytes(id), { stream: true })).join('') + utf8.decode();
}
