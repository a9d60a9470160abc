import type { AddedToken } from './added-tokens.js';
import { FAMILY_NAMES } from './special-tokens.js';

/** Names of the tokens that end a text, a turn or a message in known model families. */
export const END_NAMES: ReadonlySet<string> = new Set([
  ...FAMILY_NAMES.eos,
  ...FAMILY_NAMES.eot,
  ...FAMILY_NAMES.eom,
]);

/** Returns the ids that end an answer, ascending: the `known` ones and every special token in {@link END_NAMES}. */
export function endOfTurnIds(addedTokens: readonly AddedToken[], known: readonly number[]): number[] {
  const named = addedTokens
    .filter((token) => token.special && END_NAMES.has(token.content))
    .map(({ id }) => id);
  return [...new Set([...named, ...known])].sort((a, b) => a - b);
}
