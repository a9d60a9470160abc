/** Returns the known name that is nearest to a misspelt one; null if none is near. */
export function nearest(name: string, known: readonly string[]): string | null {
  const near = known.flatMap((candidate) => {
    const most = Math.max(1, Math.floor(candidate.length / 3));
    // Names of very different lengths are far apart, however long it takes to say how far.
    if (Math.abs(candidate.length - name.length) > most) return [];
    const distance = editDistance(name, candidate);
    return distance <= most ? { candidate, distance } : [];
  });
  return near.sort((a, b) => a.distance - b.distance)[0]?.candidate ?? null;
}

/**
 * Returns the number of insertions, deletions, replacements and swaps of neighbouring letters that turn one word into
 * the other (optimal string alignment).
 */
export function editDistance(from: string, to: string): number {
  // row[j]: distance between the first i letters of `from` and the first j letters of `to`. Three rows are used in turn.
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  let [last, beforeLast] = [[...row], [...row]];
  for (let i = 1; i <= from.length; i++) {
    [row, last, beforeLast] = [beforeLast, row, last];
    row[0] = i;
    for (let j = 1; j <= to.length; j++) {
      const replaced = last[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
          ? beforeLast[j - 2]! + 1
          : replaced;
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced, swapped);
    }
  }
  return row[to.length]!;
}
