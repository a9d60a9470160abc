/** A text's token ids and their positions in the text. */
export interface EncodedText {
  readonly ids: number[];
  /**
   * Splits the tokens at a position in the text: tokens `[0, before)` end at or before it, tokens `[after, …)` begin
   * at or after it. Tokens from `before` to `after`, if any, contain characters from both sides.
   * @param at a position in the text, in UTF-16 units, not inside a surrogate pair
   * @throws HoldfastError `E_SPANS` when the tokenizer does not know characters of the text, so that positions are
   * unknown
   */
  cut(at: number): { readonly before: number; readonly after: number };
}
