/**
 * Returns p-values adjusted by Holm's step-down method (Holm 1979), in the order of the input. Calling every test with an
 * adjusted p ≤ α significant makes any false positive in the family have probability at most α, however the tests depend
 * on each other. With m tests in ascending order of p, the adjusted p of test i is max over j ≤ i of (m − j + 1)·p_j, at
 * most 1. A test that is NaN stays NaN and counts among the m.
 */
export function holm(pValues: readonly number[]): number[] {
  const ascending = [...pValues.keys()]
    .filter((index) => !Number.isNaN(pValues[index]!))
    .sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = Array<number>(pValues.length).fill(Number.NaN);
  let largest = 0;
  for (const [rank, index] of ascending.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]!));
    adjusted[index] = largest;
  }
  return adjusted;
}
