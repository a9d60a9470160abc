/**
 * Ids are in a range of ordinary tokens that even a small vocabulary has. In a dense model the cost does not depend on
 * the token.
 */
const FIRST_ID = 100;
const ID_COUNT = 1000;

/**
 * Returns the tokens to feed, the same for every subject and run.
 *
 * @param {number} count
 * @returns {number[]} one id per position, from a linear congruential generator (Numerical Recipes' constants)
 */
export function fixedTokens(count) {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // Use the high bits: the low bits of a linear congruential generator repeat quickly.
    return FIRST_ID + ((state >>> 8) % ID_COUNT);
  });
}
