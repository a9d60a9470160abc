import type { AddedToken } from './added-tokens.js';

/** How model families call the token that ends a turn or a text; the list of llama.cpp (llama-vocab.cpp). */
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

/** The ids that end an answer, ascending: those `known` to, and every special token with one of the usual names. */
export function endOfTurnIds(addedTokens: readonly AddedToken[], known: readonly number[]): number[] {
  const named = addedTokens
    .filter((token) => token.special && END_NAMES.has(token.content))
    .map(({ id }) => id);
  return [...new Set([...named, ...known])].sort((a, b) => a - b);
}
