import type { AddedToken } from './added-tokens.js';
import { FAMILY_NAMES } from './special-tokens.js';

/** Names of the tokens that end a text, a turn or a message in known model families. */
const END_NAMES: ReadonlySet<string> = new Set([
  ...FAMILY_NAMES.eos,
  ...FAMILY_NAMES.eot,
  ...FAMILY_NAMES.eom,
]);

/**
 * Names that only a control token has: llama.cpp takes such a token for one whatever its type (llama-vocab.cpp). `</s>`
 * can be a word, because it is a tag of HTML.
 */
export const CONTROL_NAMES: ReadonlySet<string> = new Set([...END_NAMES].filter((name) => name !== '</s>'));

/** Returns the ids that end an answer, ascending: the `known` ones and every special token in {@link END_NAMES}. */
export function endOfTurnIds(addedTokens: readonly AddedToken[], known: readonly number[]): number[] {
  const named = addedTokens
    .filter((token) => token.special && END_NAMES.has(token.content))
    .map(({ id }) => id);
  return [...new Set([...named, ...known])].sort((a, b) => a - b);
}
