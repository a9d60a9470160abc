import { HoldfastError } from '../errors.js';
import type { TensorType } from './checkpoint.js';
import { type BlockFormat, expandBlocks } from './decoders/block-format.js';
import * as b from './decoders/blocks-of-32.js';
import * as k from './decoders/blocks-of-256.js';
import { BLOCK_LAYOUTS } from './tensor-types.js';

/** A weight in blocks of small integers along the input dimension: w = scale·q + offset. */
export interface IntegerBlocks {
  readonly blockSize: 16 | 32;
  /** Bits needed for every q: 4 if the type keeps −8 ≤ q ≤ 7, else 8. */
  readonly bits: 4 | 8;
  /** [elements], row-major */
  readonly quants: Int8Array;
  /** [elements / blockSize]; may be negative. */
  readonly scales: Float32Array;
  /** [elements / blockSize]; null if the type has none. */
  readonly offsets: Float32Array | null;
}

const { Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 } = b;
const { Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS } = k;

/** Null marks types without blocks. */
const FORMATS: Readonly<Record<Exclude<TensorType, 'I64'>, BlockFormat | null>> = {
  ...{ F32: null, F16: null, BF16: null },
  ...{ Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 },
  ...{ Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS },
};

/**
 * Splits the bytes of a quantised tensor, or of some of its rows, into integers, scales and offsets. Integers and
 * scales are exact. If a type has offsets, its integers are centred on zero, which keeps scale·q about as small as the
 * weights. The offset absorbs the difference and is rounded to f32, which is the only inexact step.
 * @returns null for plain floats (F32, F16, BF16)
 * @throws HoldfastError `E_TENSOR_SHAPE` if the bytes are not whole blocks, `E_TENSOR_TYPE` for I64
 */
export function integerBlocks(type: TensorType, bytes: Uint8Array): IntegerBlocks | null {
  if (type === 'I64') {
    throw new HoldfastError('E_TENSOR_TYPE', 'a tensor of type I64 holds integers too large for 8 bits', {
      hint: 'Read its bytes as a BigInt64Array',
    });
  }
  const format = FORMATS[type];
  if (format === null) return null;
  const layout = BLOCK_LAYOUTS[type];
  if (bytes.length % layout.bytes !== 0) {
    throw new HoldfastError(
      'E_TENSOR_SHAPE',
      `${bytes.length} bytes are not whole blocks of type ${type}, which take ${layout.bytes} bytes each`,
    );
  }
  const { blockSize, bits, centre } = format;
  const quants = new Int8Array((bytes.length / layout.bytes) * layout.elements);
  const scales = new Float32Array(quants.length / blockSize);
  const offsets = new Float32Array(centre === null ? 0 : scales.length);
  format.split(bytes, quants, scales, offsets);
  if (centre === null) return { blockSize, bits, quants, scales, offsets: null };

  // scale·q + offset = scale·(q − centre) + (offset + scale·centre)
  for (let i = 0; i < quants.length; i++) quants[i] = quants[i]! - centre;
  for (let block = 0; block < scales.length; block++) {
    offsets[block] = offsets[block]! + scales[block]! * centre;
  }
  return { blockSize, bits, quants, scales, offsets };
}

/** Packs 4-bit quants two to a byte, biased by 8: element 2i in the low nibble, 2i + 1 in the high one. */
export function packNibbles(quants: Int8Array): Uint8Array {
  const packed = new Uint8Array(quants.length / 2);
  for (let i = 0; i < packed.length; i++) {
    packed[i] = (quants[2 * i]! + 8) | ((quants[2 * i + 1]! + 8) << 4);
  }
  return packed;
}

/** Returns the values of the blocks, scale·q + offset. [elements], f32 */
export function blockValues(blocks: IntegerBlocks): Float32Array {
  const values = new Float32Array(blocks.quants.length);
  expandBlocks(blocks.quants, blocks.scales, blocks.offsets, blocks.blockSize, values);
  return values;
}

const BLOCK_SIZE = 32;

/** Adding and then subtracting 1.5·2⁵² rounds an f64 to the nearest integer, halves to even. */
const ROUND = 1.5 * 2 ** 52;

/**
 * Quantises values symmetrically in blocks of 32, rounding halves to even.
 * - 8 bits: scale = max|w| / 127. The error is at most scale/2 (plus f32 rounding).
 * - 4 bits, like ggml's Q4_0: scale = w* / −8, where w* is the value of largest magnitude (of a tie, the negative one).
 *   q = −8 represents w* exactly. There is no q = 8, so values of the other sign beyond 7.5 scales become 7. Their
 *   error is at most one scale; all other errors are at most scale/2.
 *
 * A block of zeros gets scale 0. A block with an infinity or a NaN gets it as its scale, and its values become NaN.
 * @param values rows whose length is a multiple of 32
 * @throws HoldfastError `E_TENSOR_SHAPE` if the values do not fill whole blocks
 */
export function quantizeBlocks(values: Float32Array, bits: 4 | 8): IntegerBlocks {
  if (values.length % BLOCK_SIZE !== 0) {
    throw new HoldfastError(
      'E_TENSOR_SHAPE',
      `${values.length} values do not fill whole blocks of ${BLOCK_SIZE}`,
    );
  }
  const quants = new Int8Array(values.length);
  const scales = new Float32Array(values.length / BLOCK_SIZE);
  const lowest = bits === 8 ? -127 : -8;
  const highest = bits === 8 ? 127 : 7;
  for (let block = 0, start = 0; start < values.length; block++, start += BLOCK_SIZE) {
    const end = start + BLOCK_SIZE;
    let min = 0;
    let max = 0;
    for (let i = start; i < end; i++) {
      min = Math.min(min, values[i]!);
      max = Math.max(max, values[i]!);
    }
    if (min === 0 && max === 0) continue;
    const extreme = -min >= max ? min : max;
    scales[block] = bits === 8 ? Math.abs(extreme) / 127 : extreme / -8;
    // Divide by the scale as stored in f32. It is 0 if it is too small for f32; then every q is 0.
    const inverse = scales[block] === 0 ? 0 : 1 / scales[block]!;
    for (let i = start; i < end; i++) {
      const q = values[i]! * inverse + ROUND - ROUND;
      quants[i] = Math.max(lowest, Math.min(q, highest));
    }
  }
  return { blockSize: BLOCK_SIZE, bits, quants, scales, offsets: null };
}
