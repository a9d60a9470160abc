/** Results that are kept; when there are more, all are forgotten. */
const MOST_KEPT = 1000;

/** Returns the function with a memory of its results, for one that is slow and often asked the same. */
export function remembered<Given extends readonly unknown[], Result>(
  compute: (...given: Given) => Result,
  keyOf: (...given: Given) => string,
): (...given: Given) => Result {
  const kept = new Map<string, Result>();
  return (...given) => {
    const key = keyOf(...given);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const result = compute(...given);
    if (kept.size === MOST_KEPT) kept.clear();
    kept.set(key, result);
    return result;
  };
}
