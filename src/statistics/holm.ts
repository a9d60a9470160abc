/**
 * Holm's step-down adjustment (Holm 1979): p-values of a family of tests made such that calling those at most α
 * significant errs anywhere in the family with probability at most α, however the tests depend on each other. Of m tests
 * in ascending order of p, the adjusted p of the i-th (from 1) is the largest (m − j + 1)·p_j of j ≤ i, at most 1.
 * @returns in the order of the input
 */
export function holm(pValues: readonly number[]): number[] {
  const ascending = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = Array<number>(pValues.length);
  let largest = 0;
  for (const [rank, index] of ascending.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]!));
    adjusted[index] = largest;
  }
  return adjusted;
}
