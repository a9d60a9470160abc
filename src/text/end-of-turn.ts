import type { AddedToken } from './added-tokens.js';

/** Names of the tokens that end a turn or a text in known model families; the list of llama.cpp (llama-vocab.cpp). */
export const END_NAMES: ReadonlySet<string> = new Set([
  '<|im_end|>',
  '<end_of_turn>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end|>',
  '<|end_of_text|>',
  '<|endoftext|>',
  '<|end_of_turn|>',
  '<|return|>',
  '<|call|>',
  '<EOT>',
  '<｜end▁of▁sentence｜>',
  '<end_of_utterance>',
  '</s>',
  '<eos>',
]);

/** Returns the ids that end an answer, ascending: the `known` ones and every special token in {@link END_NAMES}. */
export function endOfTurnIds(addedTokens: readonly AddedToken[], known: readonly number[]): number[] {
  const named = addedTokens
    .filter((token) => token.special && END_NAMES.has(token.content))
    .map(({ id }) => id);
  return [...new Set([...named, ...known])].sort((a, b) => a - b);
}
