import type { Statistic } from './statistic.js';

/**
 * Returns a quantile of sorted values, linear between neighbours (type 7 of Hyndman and Fan 1996); NaN if there are no
 * values. Values may be infinite.
 */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN;
  if (Number.isFinite(high - low)) return low + (high - low) * (at - below);
  // One neighbour is infinite: so is everything between the two.
  return at === below || !Number.isFinite(low) ? low : high;
}

/** Returns the median of drawn values. It sorts once for all draws. */
export function medianOf(values: readonly number[]): Statistic {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const placeOf = new Int32Array(values.length);
  for (const [place, at] of order.entries()) placeOf[at] = place;
  return (drawn) => {
    const counts = new Int32Array(values.length);
    for (let at = 0; at < drawn.length; at++) counts[placeOf[drawn[at]!]!]!++;
    const sorted = new Float64Array(drawn.length);
    let next = 0;
    for (const [place, at] of order.entries()) {
      for (let count = counts[place]!; count > 0; count--) sorted[next++] = values[at]!;
    }
    return quantile(sorted, 0.5);
  };
}

/**
 * Returns the {@link quantile} of values in any order, none of them NaN. It moves the values instead of sorting them, and takes
 * linear time on average (Hoare 1961).
 */
export function quantileOf(values: Float64Array, fraction: number): number {
  const below = Math.floor(fraction * (values.length - 1));
  select(values, below);
  let next = below + 1;
  for (let at = next + 1; at < values.length; at++) if (values[at]! < values[next]!) next = at;
  if (next < values.length) swap(values, below + 1, next);
  return quantile(values, fraction);
}

/** Moves values so that the one at `place` is that of the sorted values, with none larger before it and none smaller after it. */
function select(values: Float64Array, place: number): void {
  let from = 0;
  let to = values.length - 1;
  while (from < to) {
    const pivot = values[(from + to) >> 1]!;
    let left = from;
    let right = to;
    while (left <= right) {
      while (values[left]! < pivot) left++;
      while (values[right]! > pivot) right--;
      if (left <= right) swap(values, left++, right--);
    }
    if (place <= right) to = right;
    else if (place >= left) from = left;
    else return;
  }
}

function swap(values: Float64Array, one: number, other: number): void {
  const kept = values[one]!;
  values[one] = values[other]!;
  values[other] = kept;
}
