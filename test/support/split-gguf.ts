import { buildGguf, type GgufValue } from '../fixtures/gguf/build-gguf.js';

/** False statements of a part about the split; omitted fields are true. */
export interface SplitClaims {
  readonly no?: number;
  readonly count?: number;
  readonly tensors?: number;
}

/**
 * Builds the parts of a split GGUF as llama.cpp writes them: only the first part has the model's metadata.
 * @param names the tensors of each part, f32 `[8]` each
 * @param claims false statements of parts, by part number from 0
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
