/** @typedef {import('./records.d.ts').Candidate} Candidate */

/** Candidates that are shown, and whose gaps are compared. */
const TOP = 5;

/**
 * Returns the most likely tokens of a row, the most likely first.
 *
 * @param {Float32Array} row `[vocabulary]`
 * @param {number} [count]
 * @returns {Candidate[]}
 */
export function top(row, count = TOP) {
  /** @type {Candidate[]} */
  const best = [];
  for (let id = 0; id < row.length; id++) {
    const logit = row[id];
    if (best.length === count && logit <= best[count - 1].logit) continue;
    // Of equal logits, the lower id comes first.
    const place = best.findIndex((other) => other.logit < logit);
    best.splice(place < 0 ? best.length : place, 0, { id, logit });
    if (best.length > count) best.pop();
  }
  return best;
}

/**
 * Returns the greedy choice of a row.
 *
 * @param {Float32Array} row
 */
export function choice(row) {
  return top(row, 1)[0].id;
}

/**
 * Returns the largest difference between two runtimes in the gap from the most likely token to each of the next four.
 * At a near tie this is what decides, not the difference of single logits: most of that is common to all tokens.
 *
 * @param {Float32Array} ours `[vocabulary]`
 * @param {Float32Array} peer `[vocabulary]`
 */
export function gapChange(ours, peer) {
  const [first, ...others] = top(ours);
  return Math.max(
    ...others.map(({ id, logit }) => Math.abs(first.logit - logit - (peer[first.id] - peer[id]))),
  );
}

/**
 * Returns every place in a continuation where the peer would have chosen another token than Holdfast, with a verdict. To
 * choose differently, the two must differ in the gap between their choices by the sum of the gap in each. That is a near
 * tie if gaps differed as much at an earlier position of the same text. Otherwise it is the peer's own rounding if the
 * peer chooses as Holdfast in its exact setting. All else is a real difference.
 *
 * @param {import('./records.d.ts').Continuation} continuation
 * @param {readonly Float32Array[]} peerRows the peer's logits after the same tokens
 * @param {readonly Float32Array[]} exactRows those of its exact setting
 * @returns {import('./records.d.ts').Parting[]}
 */
export function partings({ name, rows, promptLength, from }, peerRows, exactRows) {
  /** @type {import('./records.d.ts').Parting[]} */
  const found = [];
  const firstChoice = promptLength - 1 - from;
  let bound = 0;
  rows.forEach((row, at) => {
    const peerRow = peerRows[at];
    const [mine, theirs] = [choice(row), choice(peerRow)];
    if (at >= firstChoice && mine !== theirs) {
      const gaps = { ours: row[mine] - row[theirs], peer: peerRow[theirs] - peerRow[mine] };
      found.push({
        continuation: name,
        token: at - firstChoice + 1,
        ours: top(row),
        peer: top(peerRow),
        gaps,
        bound,
        verdict:
          gaps.ours + gaps.peer <= bound
            ? 'near tie'
            : choice(exactRows[at]) === mine
              ? 'own rounding'
              : 'real difference',
      });
    }
    bound = Math.max(bound, gapChange(row, peerRow));
  });
  return found;
}

/**
 * Returns how far two runtimes are apart over all logits of all rows.
 *
 * @param {readonly (readonly Float32Array[])[]} one `[continuations][rows]`
 * @param {readonly (readonly Float32Array[])[]} other
 * @returns {import('./records.d.ts').Distance}
 */
export function distance(one, other) {
  let [squares, count, largest] = [0, 0, 0];
  one.forEach((rows, continuation) => {
    rows.forEach((row, at) => {
      const otherRow = other[continuation][at];
      for (let id = 0; id < row.length; id++) {
        const difference = Math.abs(row[id] - otherRow[id]);
        squares += difference * difference;
        if (difference > largest) largest = difference;
      }
      count += row.length;
    });
  });
  return { rms: Math.sqrt(squares / count), largest };
}
