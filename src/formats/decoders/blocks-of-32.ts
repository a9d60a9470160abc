import { type BlockFormat, decoderOf } from './block-format.js';
import { halfValues } from './floats.js';

/**
 * Block types of 32 elements. Byte j holds element j in its low half and element j + 16 in its high half, except in
 * Q8_0, which has a byte per element. `d` is the block's scale and `m` its offset, both stored as f16.
 */

/** value = d · (q − 8). Layout: d, 16 bytes of nibbles. */
export const Q4_0: BlockFormat = {
  blockSize: 32,
  bits: 4,
  centre: null,
  split(bytes, quants, scales) {
    const half = halfValues();
    for (let at = 0, o = 0; o < quants.length; at += 18, o += 32) {
      scales[o >> 5] = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 2 + j]!;
        quants[o + j] = (pair & 15) - 8;
        quants[o + j + 16] = (pair >> 4) - 8;
      }
    }
  },
};

/** value = d · q + m. Layout: d, m, 16 bytes of nibbles. */
export const Q4_1: BlockFormat = {
  blockSize: 32,
  bits: 4,
  centre: 8,
  split(bytes, quants, scales, offsets) {
    const half = halfValues();
    for (let at = 0, o = 0; o < quants.length; at += 20, o += 32) {
      scales[o >> 5] = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      offsets[o >> 5] = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 4 + j]!;
        quants[o + j] = pair & 15;
        quants[o + j + 16] = pair >> 4;
      }
    }
  },
};

/** Returns the 32 fifth bits of a block; bit i belongs to element i. */
function fifthBits(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** value = d · (q − 16). Layout: d, 4 bytes of fifth bits, 16 bytes of nibbles. */
export const Q5_0: BlockFormat = {
  blockSize: 32,
  bits: 8,
  centre: null,
  split(bytes, quants, scales) {
    const half = halfValues();
    for (let at = 0, o = 0; o < quants.length; at += 22, o += 32) {
      scales[o >> 5] = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      const high = fifthBits(bytes, at + 2);
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 6 + j]!;
        quants[o + j] = ((pair & 15) | (((high >>> j) & 1) << 4)) - 16;
        quants[o + j + 16] = ((pair >> 4) | (((high >>> (j + 16)) & 1) << 4)) - 16;
      }
    }
  },
};

/** value = d · q + m. Layout: d, m, 4 bytes of fifth bits, 16 bytes of nibbles. */
export const Q5_1: BlockFormat = {
  blockSize: 32,
  bits: 8,
  centre: 16,
  split(bytes, quants, scales, offsets) {
    const half = halfValues();
    for (let at = 0, o = 0; o < quants.length; at += 24, o += 32) {
      scales[o >> 5] = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      offsets[o >> 5] = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
      const high = fifthBits(bytes, at + 4);
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 8 + j]!;
        quants[o + j] = (pair & 15) | (((high >>> j) & 1) << 4);
        quants[o + j + 16] = (pair >> 4) | (((high >>> (j + 16)) & 1) << 4);
      }
    }
  },
};

/** value = d · q. Layout: d, 32 signed bytes. */
export const Q8_0: BlockFormat = {
  blockSize: 32,
  bits: 8,
  centre: null,
  split(bytes, quants, scales) {
    const half = halfValues();
    for (let at = 0, o = 0; o < quants.length; at += 34, o += 32) {
      scales[o >> 5] = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      for (let j = 0; j < 32; j++) quants[o + j] = bytes[at + 2 + j]!;
    }
  },
};

/** Values of IQ4's 4-bit codes, denser around zero, as weights are. */
export const IQ4_VALUES = Int8Array.of(
  -127,
  -104,
  -83,
  -65,
  -49,
  -35,
  -22,
  -10,
  1,
  13,
  25,
  38,
  53,
  69,
  89,
  113,
);

/** value = d · IQ4_VALUES[q]. Layout: d, 16 bytes of nibbles. */
export const IQ4_NL: BlockFormat = {
  blockSize: 32,
  bits: 8,
  centre: null,
  split(bytes, quants, scales) {
    const half = halfValues();
    for (let at = 0, o = 0; o < quants.length; at += 18, o += 32) {
      scales[o >> 5] = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 2 + j]!;
        quants[o + j] = IQ4_VALUES[pair & 15]!;
        quants[o + j + 16] = IQ4_VALUES[pair >> 4]!;
      }
    }
  },
};

/** Values of a 4-bit float (2 exponent bits, 1 mantissa bit), times two so that they are integers. */
const MXFP4_DOUBLED = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

/** value = 2^(e − 127) · float4(q). Layout: e, 16 bytes of nibbles. */
export const MXFP4: BlockFormat = {
  blockSize: 32,
  bits: 8,
  centre: null,
  split(bytes, quants, scales) {
    for (let at = 0, o = 0; o < quants.length; at += 17, o += 32) {
      scales[o >> 5] = 2 ** (bytes[at]! - 128);
      for (let j = 0; j < 16; j++) {
        const pair = bytes[at + 1 + j]!;
        quants[o + j] = MXFP4_DOUBLED[pair & 15]!;
        quants[o + j + 16] = MXFP4_DOUBLED[pair >> 4]!;
      }
    }
  },
};

export const decodeQ4_0 = decoderOf(Q4_0);
export const decodeQ4_1 = decoderOf(Q4_1);
export const decodeQ5_0 = decoderOf(Q5_0);
export const decodeQ5_1 = decoderOf(Q5_1);
export const decodeQ8_0 = decoderOf(Q8_0);
export const decodeIQ4_NL = decoderOf(IQ4_NL);
export const decodeMXFP4 = decoderOf(MXFP4);
