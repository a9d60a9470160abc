/** llama.cpp's name of a part of a split model: part number from 1, and the number of parts. */
const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;

/** Returns the number and the names of a split model's parts, from the name of one part; null for any other name. */
function parsePart(name: string): { readonly count: number; nameOf(number: number): string } | null {
  const [, stem, number, total] = PART.exec(name) ?? [];
  const count = Number(total);
  if (stem === undefined || Number(number) < 1 || Number(number) > count) return null;
  const ending = name.slice(-'.gguf'.length);
  return { count, nameOf: (part) => `${stem}-${String(part).padStart(5, '0')}-of-${total}${ending}` };
}

/**
 * Returns the names of all parts of a split model, in order, from the name of one part. Null if the name is not that of
 * a part.
 */
export function splitParts(name: string): string[] | null {
  const part = parsePart(name);
  return part && Array.from({ length: part.count }, (_, index) => part.nameOf(index + 1));
}

/** Replaces the parts of each split model by its first part, even if that is not in the list. */
export function firstParts(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => parsePart(name)?.nameOf(1) ?? name))];
}

/** A quantisation at the end of a file's name without extension: `Q4_K_M`, `IQ4_XS`, `UD-Q4_K_XL`, `F16`, `MXFP4`. */
const QUANTISATION =
  /(?:^|[-._])((?:UD-)?(?:(?:I|T)?Q\d+(?:_[A-Z0-9]+)*|BF16|FP?(?:16|32)|MXFP4(?:_MOE)?))$/i;

/**
 * Returns the quantisation named in a GGUF file's path: at the end of the file's name (before the part number), else at
 * the end of its folder's name. Null if neither names one.
 */
export function quantisationOf(path: string): string | null {
  const [name = '', folder = ''] = path.split('/').reverse();
  const stem = name.replace(/\.gguf$/i, '').replace(/-\d{5}-of-\d{5}$/, '');
  return (QUANTISATION.exec(stem) ?? QUANTISATION.exec(folder))?.[1] ?? null;
}
