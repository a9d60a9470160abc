import { type BlockFormat, decoderOf } from './block-format.js';
import { IQ4_VALUES } from './blocks-of-32.js';
import { halfValues } from './floats.js';

/**
 * Block types of 256 elements ("K-quants" and IQ4_XS). A block has an f16 scale `d` (and some types `dmin`). Its
 * sub-blocks of 16 or 32 elements each have a small integer scale (and minimum), which is multiplied by `d` (`dmin`).
 */

/** value = d·scale·q − dmin·min, per 16. Layout: 16 bytes (low: scale, high: min), 64 bytes of 2 bits, d, dmin. */
export const Q2_K: BlockFormat = {
  blockSize: 16,
  bits: 4,
  centre: 2,
  split(bytes, quants, scales, offsets) {
    const half = halfValues();
    for (let at = 0, o = 0; o < quants.length; at += 84, o += 256) {
      const d = half[bytes[at + 80]! | (bytes[at + 81]! << 8)]!;
      const dmin = half[bytes[at + 82]! | (bytes[at + 83]! << 8)]!;
      for (let sub = 0; sub < 16; sub++) {
        scales[(o >> 4) + sub] = d * (bytes[at + sub]! & 15);
        offsets[(o >> 4) + sub] = -dmin * (bytes[at + sub]! >> 4);
        // 128 elements share 32 bytes; each group of 32 uses the next two bits.
        const q = at + 16 + (sub >> 3) * 32 + (sub & 1) * 16;
        const shift = ((sub >> 1) & 3) * 2;
        for (let j = 0; j < 16; j++) quants[o + sub * 16 + j] = (bytes[q + j]! >> shift) & 3;
      }
    }
  },
};

/**
 * value = d·(scale − 32)·(q − 4), per 16. Layout: 32 bytes of third bits, 64 bytes of 2 bits, 12 bytes of 6-bit
 * scales (low 4 bits in bytes 0–7, high 2 bits in bytes 8–11), d.
 */
export const Q3_K: BlockFormat = {
  blockSize: 16,
  bits: 4,
  centre: null,
  split(bytes, quants, scales) {
    const half = halfValues();
    for (let at = 0, o = 0; o < quants.length; at += 110, o += 256) {
      const d = half[bytes[at + 108]! | (bytes[at + 109]! << 8)]!;
      const packed = at + 96;
      for (let sub = 0; sub < 16; sub++) {
        const low = (bytes[packed + (sub & 7)]! >> ((sub >> 3) * 4)) & 15;
        const high = (bytes[packed + 8 + (sub & 3)]! >> ((sub >> 2) * 2)) & 3;
        scales[(o >> 4) + sub] = d * ((low | (high << 4)) - 32);
        const q = at + 32 + (sub >> 3) * 32 + (sub & 1) * 16;
        const shift = ((sub >> 1) & 3) * 2;
        const third = at + (sub & 1) * 16;
        const thirdShift = sub >> 1;
        for (let j = 0; j < 16; j++) {
          const value = ((bytes[q + j]! >> shift) & 3) | (((bytes[third + j]! >> thirdShift) & 1) << 2);
          quants[o + sub * 16 + j] = value - 4;
        }
      }
    }
  },
};

/** Returns the 6-bit scale of sub-block `sub` (0–7) from the 12 packed bytes at `at` of a Q4_K or Q5_K block. */
function scaleOf(bytes: Uint8Array, at: number, sub: number): number {
  if (sub < 4) return bytes[at + sub]! & 63;
  return (bytes[at + sub + 4]! & 15) | ((bytes[at + sub - 4]! >> 6) << 4);
}

/** Returns the 6-bit minimum of sub-block `sub` from the same 12 bytes. */
function minOf(bytes: Uint8Array, at: number, sub: number): number {
  if (sub < 4) return bytes[at + sub + 4]! & 63;
  return (bytes[at + sub + 4]! >> 4) | ((bytes[at + sub]! >> 6) << 4);
}

/** value = d·scale·q − dmin·min, per 32. Layout: d, dmin, 12 bytes of scales and minimums, 128 bytes of nibbles. */
export const Q4_K: BlockFormat = {
  blockSize: 32,
  bits: 4,
  centre: 8,
  split(bytes, quants, scales, offsets) {
    const half = halfValues();
    for (let at = 0, o = 0; o < quants.length; at += 144, o += 256) {
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      const dmin = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
      for (let sub = 0; sub < 8; sub++) {
        scales[(o >> 5) + sub] = d * scaleOf(bytes, at + 4, sub);
        offsets[(o >> 5) + sub] = -dmin * minOf(bytes, at + 4, sub);
        const q = at + 16 + (sub >> 1) * 32;
        const shift = (sub & 1) * 4;
        for (let j = 0; j < 32; j++) quants[o + sub * 32 + j] = (bytes[q + j]! >> shift) & 15;
      }
    }
  },
};

/** Like Q4_K, with 32 bytes of fifth bits between scales and nibbles. */
export const Q5_K: BlockFormat = {
  blockSize: 32,
  bits: 8,
  centre: 16,
  split(bytes, quants, scales, offsets) {
    const half = halfValues();
    for (let at = 0, o = 0; o < quants.length; at += 176, o += 256) {
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      const dmin = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
      for (let sub = 0; sub < 8; sub++) {
        scales[(o >> 5) + sub] = d * scaleOf(bytes, at + 4, sub);
        offsets[(o >> 5) + sub] = -dmin * minOf(bytes, at + 4, sub);
        const fifth = at + 16;
        const q = at + 48 + (sub >> 1) * 32;
        const shift = (sub & 1) * 4;
        for (let j = 0; j < 32; j++) {
          quants[o + sub * 32 + j] =
            ((bytes[q + j]! >> shift) & 15) | (((bytes[fifth + j]! >> sub) & 1) << 4);
        }
      }
    }
  },
};

/** value = d·scale·(q − 32), per 16. Layout: 128 bytes of low nibbles, 64 of high 2 bits, 16 signed scales, d. */
export const Q6_K: BlockFormat = {
  blockSize: 16,
  bits: 8,
  centre: null,
  split(bytes, quants, scales) {
    const half = halfValues();
    const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0, o = 0; o < quants.length; at += 210, o += 256) {
      const d = half[bytes[at + 208]! | (bytes[at + 209]! << 8)]!;
      for (let sub = 0; sub < 16; sub++) {
        scales[(o >> 4) + sub] = d * signed[at + 192 + sub]!;
        // 128 elements are four groups of 32: the first two are in the low nibbles, the last two in the high nibbles.
        const group = (sub >> 1) & 3;
        const low = at + (sub >> 3) * 64 + (group & 1) * 32 + (sub & 1) * 16;
        const lowShift = (group >> 1) * 4;
        const high = at + 128 + (sub >> 3) * 32 + (sub & 1) * 16;
        const highShift = group * 2;
        for (let j = 0; j < 16; j++) {
          const value = ((bytes[low + j]! >> lowShift) & 15) | (((bytes[high + j]! >> highShift) & 3) << 4);
          quants[o + sub * 16 + j] = value - 32;
        }
      }
    }
  },
};

/**
 * value = d·(scale − 32)·IQ4_VALUES[q], per 32. Layout: d, 2 bytes of the scales' high 2 bits, 4 bytes of their
 * low 4 bits, 128 bytes of nibbles (element j low, j + 16 high).
 */
export const IQ4_XS: BlockFormat = {
  blockSize: 32,
  bits: 8,
  centre: null,
  split(bytes, quants, scales) {
    const half = halfValues();
    const values = IQ4_VALUES;
    for (let at = 0, o = 0; o < quants.length; at += 136, o += 256) {
      const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
      const highScales = bytes[at + 2]! | (bytes[at + 3]! << 8);
      for (let sub = 0; sub < 8; sub++) {
        const low = (bytes[at + 4 + (sub >> 1)]! >> ((sub & 1) * 4)) & 15;
        scales[(o >> 5) + sub] = d * ((low | (((highScales >> (sub * 2)) & 3) << 4)) - 32);
        const q = at + 8 + sub * 16;
        for (let j = 0; j < 16; j++) {
          const pair = bytes[q + j]!;
          quants[o + sub * 32 + j] = values[pair & 15]!;
          quants[o + sub * 32 + j + 16] = values[pair >> 4]!;
        }
      }
    }
  },
};

export const decodeQ2_K = decoderOf(Q2_K);
export const decodeQ3_K = decoderOf(Q3_K);
export const decodeQ4_K = decoderOf(Q4_K);
export const decodeQ5_K = decoderOf(Q5_K);
export const decodeQ6_K = decoderOf(Q6_K);
export const decodeIQ4_XS = decoderOf(IQ4_XS);
