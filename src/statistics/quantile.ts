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
