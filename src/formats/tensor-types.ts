import type { TensorType } from './checkpoint.js';

/** The size of a block of elements. A plain float is a block of one. */
interface BlockLayout {
  readonly elements: number;
  readonly bytes: number;
}

/** Number of elements and bytes of a block of each type. */
export const BLOCK_LAYOUTS: Readonly<Record<TensorType, BlockLayout>> = {
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  BF16: { elements: 1, bytes: 2 },
  I64: { elements: 1, bytes: 8 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
  Q5_0: { elements: 32, bytes: 22 },
  Q5_1: { elements: 32, bytes: 24 },
  Q8_0: { elements: 32, bytes: 34 },
  Q2_K: { elements: 256, bytes: 84 },
  Q3_K: { elements: 256, bytes: 110 },
  Q4_K: { elements: 256, bytes: 144 },
  Q5_K: { elements: 256, bytes: 176 },
  Q6_K: { elements: 256, bytes: 210 },
  IQ4_NL: { elements: 32, bytes: 18 },
  IQ4_XS: { elements: 256, bytes: 136 },
  MXFP4: { elements: 32, bytes: 17 },
};

/**
 * The byte offsets of the first and the last f16 scale in a block. The other scales of a block are integers.
 * MXFP4 has no f16.
 */
export const F16_SCALES: Readonly<
  Record<Exclude<TensorType, 'F32' | 'F16' | 'BF16' | 'I64' | 'MXFP4'>, readonly [number, number]>
> = {
  Q4_0: [0, 0],
  Q4_1: [0, 2],
  Q5_0: [0, 0],
  Q5_1: [0, 2],
  Q8_0: [0, 0],
  Q2_K: [80, 82],
  Q3_K: [108, 108],
  Q4_K: [0, 2],
  Q5_K: [0, 2],
  Q6_K: [208, 208],
  IQ4_NL: [0, 0],
  IQ4_XS: [0, 0],
};

/** Returns the bytes of `elements` elements of a type. Not a whole number unless they fill whole blocks. */
export function byteLengthOf(type: TensorType, elements: number): number {
  const layout = BLOCK_LAYOUTS[type];
  return (elements / layout.elements) * layout.bytes;
}
