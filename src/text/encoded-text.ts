/** Token ids, and where in the text they lie. */
export interface EncodedText {
  readonly ids: number[];
  /**
   * The tokens around a place between two characters: `[0, before)` end at or before it, `[after, …)` begin at or
   * after it. Those from `before` to `after`, if any, hold characters of both sides.
   * @param at a position in the text, in UTF-16 units, not inside a surrogate pair
   * @throws HoldfastError `E_SPANS` where unknown characters make the place impossible to tell
   */
  cut(at: number): { readonly before: number; readonly after: number };
}
