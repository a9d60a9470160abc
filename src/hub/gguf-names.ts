/** The name that llama.cpp gives a part of a split model: part number from 1, and how many there are. */
const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;

/**
 * The names of all parts of the split model that a file name says it is a part of, in their order; null for a name
 * that says nothing of the kind.
 */
export function splitParts(name: string): string[] | null {
  const [, stem, number, total] = PART.exec(name) ?? [];
  const count = Number(total);
  if (stem === undefined || Number(number) < 1 || Number(number) > count) return null;
  const ending = name.slice(-'.gguf'.length);
  return Array.from(
    { length: count },
    (_, index) => `${stem}-${String(index + 1).padStart(5, '0')}-of-${total}${ending}`,
  );
}

/** GGUF file names, of the parts of each split model only one: the first, also where that one is not among them. */
export function firstParts(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => splitParts(name)?.[0] ?? name))];
}
