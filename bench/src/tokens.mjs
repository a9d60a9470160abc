/**
 * The token fed at each position, the same for every subject and every run. Ids stay in a range of ordinary
 * tokens that even a small vocabulary has; in a dense model the cost does not depend on which token it is.
 */
const FIRST_ID = 100;
const ID_COUNT = 1000;

/**
 * @param {number} count
 * @returns {number[]} one id per position, from a linear congruential generator (Numerical Recipes' constants)
 */
export function fixedTokens(count) {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The low bits of such a generator repeat quickly: use the high ones.
    return FIRST_ID + ((state >>> 8) % ID_COUNT);
  });
}
