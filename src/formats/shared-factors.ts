import type { TensorType } from './checkpoint.js';
import { halfValues } from './decoders/floats.js';
import { BLOCK_LAYOUTS, F16_SCALES } from './tensor-types.js';

/** Elements that share factors. */
export const SHARING = 256;

/** What the small integers of {@link SHARING} elements are multiplied by. */
export interface SharedFactors {
  /** [elements / 256], of scales. */
  readonly scales: Float32Array;
  /** [elements / 256], of minimums; equal to `scales` if the type has none. */
  readonly minimums: Float32Array;
}

/**
 * Reads the factors that a type's sub-blocks share, such as `d` and `dmin` of Q4_K.
 * @param bytes whole blocks
 * @returns null if the type has none
 */
export function sharedFactors(type: TensorType, bytes: Uint8Array): SharedFactors | null {
  const { elements, bytes: size } = BLOCK_LAYOUTS[type];
  if (elements !== SHARING) return null;
  const [first, last] = F16_SCALES[type as keyof typeof F16_SCALES];
  const half = halfValues();
  const read = (offset: number): Float32Array =>
    Float32Array.from({ length: bytes.length / size }, (_, block) => {
      const at = block * size + offset;
      return half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    });
  return { scales: read(first), minimums: read(last) };
}
