import { buildGguf, type GgufValue } from '../fixtures/gguf/build-gguf.js';

/** What a part says of the split; what is left out is true. */
export interface SplitClaims {
  readonly no?: number;
  readonly count?: number;
  readonly tensors?: number;
}

/**
 * The parts of a split GGUF as llama.cpp writes them: the model's own metadata in the first alone.
 * @param names the tensors of each part, f32 `[8]` each
 * @param claims what parts say instead of the truth, by their number from 0
 */
export function splitGguf(
  names: readonly (readonly string[])[],
  claims: Readonly<Record<number, SplitClaims>> = {},
): Uint8Array[] {
  const total = names.flat().length;
  return names.map((tensors, part) => {
    const { no = part, count = names.length, tensors: stated = total } = claims[part] ?? {};
    const own: [string, GgufValue][] =
      part === 0 ? [['general.architecture', { type: 'string', value: 'llama' }]] : [];
    return buildGguf({
      metadata: [
        ...own,
        ['split.no', { type: 'u16', value: no }],
        ['split.count', { type: 'u16', value: count }],
        ['split.tensors.count', { type: 'i32', value: stated }],
      ],
      tensors: tensors.map((name, index) => ({ name, dimensions: [8], type: 0, offset: index * 32 })),
      dataBytes: tensors.length * 32,
    }).bytes;
  });
}
