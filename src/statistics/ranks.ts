/** Returns the values of drawn items (dialogues), given by their indices. */
export type Drawn = (drawn: Int32Array) => ArrayLike<number>;

/**
 * Returns the ranks of drawn items among each other, from 1; equal values get the mean of their ranks. It sorts once for all
 * draws. The ranks are NaN if a value is.
 */
export function drawnRanks(values: readonly number[]): Drawn {
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  const placeOf = new Map(distinct.map((value, place) => [value, place]));
  const places = Int32Array.from(values, (value) => placeOf.get(value)!); // [items]
  if (values.some(Number.isNaN)) return (drawn) => new Float64Array(drawn.length).fill(Number.NaN);
  return (drawn) => {
    const counts = new Int32Array(distinct.length);
    for (let at = 0; at < drawn.length; at++) counts[places[drawn[at]!]!]!++;
    const rankAt = new Float64Array(distinct.length);
    let below = 0;
    for (let place = 0; place < counts.length; place++) {
      rankAt[place] = below + (counts[place]! + 1) / 2;
      below += counts[place]!;
    }
    const ranks = new Float64Array(drawn.length);
    for (let at = 0; at < drawn.length; at++) ranks[at] = rankAt[places[drawn[at]!]!]!;
    return ranks;
  };
}
