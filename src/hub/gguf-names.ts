/** The name that llama.cpp gives a part of a split model: part number from 1, and how many there are. */
const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;

/** How many parts the split model has that a file name says it is a part of, and their names; null for any other name. */
function parsePart(name: string): { readonly count: number; nameOf(number: number): string } | null {
  const [, stem, number, total] = PART.exec(name) ?? [];
  const count = Number(total);
  if (stem === undefined || Number(number) < 1 || Number(number) > count) return null;
  const ending = name.slice(-'.gguf'.length);
  return { count, nameOf: (part) => `${stem}-${String(part).padStart(5, '0')}-of-${total}${ending}` };
}

/**
 * The names of all parts of the split model that a file name says it is a part of, in their order; null for a name
 * that says nothing of the kind.
 */
export function splitParts(name: string): string[] | null {
  const part = parsePart(name);
  return part && Array.from({ length: part.count }, (_, index) => part.nameOf(index + 1));
}

/** GGUF file names, of the parts of each split model only one: the first, also where that one is not among them. */
export function firstParts(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => parsePart(name)?.nameOf(1) ?? name))];
}

/** A quantisation at the end of a file's name without its ending: `Q4_K_M`, `IQ4_XS`, `UD-Q4_K_XL`, `F16`, `MXFP4`. */
const QUANTISATION =
  /(?:^|[-._])((?:UD-)?(?:(?:I|T)?Q\d+(?:_[A-Z0-9]+)*|BF16|FP?(?:16|32)|MXFP4(?:_MOE)?))$/i;

/**
 * The quantisation that a GGUF file's path in a repository says it has: at the end of its name (before the number of
 * its part), else that of its folder; null when neither does.
 */
export function quantisationOf(path: string): string | null {
  const [name = '', folder = ''] = path.split('/').reverse();
  const stem = name.replace(/\.gguf$/i, '').replace(/-\d{5}-of-\d{5}$/, '');
  return (QUANTISATION.exec(stem) ?? QUANTISATION.exec(folder))?.[1] ?? null;
}
