/**
 * Returns the text that is closest in length (characters) to another one, among those that differ from it; of equally close
 * ones, the next after it in the list, which is read as a circle. Null if all texts are equal to it.
 * @param at the index of the text in the list
 */
export function closestInLength(texts: readonly string[], at: number): string | null {
  const own = texts[at]!;
  const others = [...texts.slice(at + 1), ...texts.slice(0, at)].filter((text) => text !== own);
  const distance = (text: string): number => Math.abs(text.length - own.length);
  const least = Math.min(...others.map(distance));
  return others.find((text) => distance(text) === least) ?? null;
}

/** Returns what a reference of this name is. */
export function referenceText(name: string): string {
  if (name === 'others') return "another dialogue's prompt";
  if (name === 'paraphrase') return 'a paraphrase of it';
  return name === 'none' ? 'no system message' : name;
}
