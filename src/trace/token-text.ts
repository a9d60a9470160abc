import type { Tokenizer } from '../text/index.js';

/**
 * Returns the text of tokens from the middle of a sequence: `decode`, which removes a space at the start of a text, does
 * not remove one here.
 * @throws HoldfastError `E_TOKEN_RANGE` for an id that no token has
 */
export function tokenText(tokenizer: Tokenizer, ids: readonly number[]): string {
  return tokenizer.decode(ids, { inMiddle: true });
}
