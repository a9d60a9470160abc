/**
 * Ids are in a range of ordinary tokens that even a small vocabulary has. In a dense model the cost does not depend on
 * the token.
 */
const FIRST_ID = 100;
const ID_COUNT = 1000;

/**
 * Returns the tokens to feed to a sequence, the same for every subject and run.
 *
 * @param {number} count
 * @param {number} sequence each has a text of its own, so that a batch that mixes them up does not go unnoticed
 * @returns {number[]} one id per position, from a linear congruential generator (Numerical Recipes' constants)
 */
export function fixedTokens(count, sequence) {
  let state = sequence + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // Use the high bits: the low bits of a linear congruential generator repeat quickly.
    return FIRST_ID + ((state >>> 8) % ID_COUNT);
  });
}
