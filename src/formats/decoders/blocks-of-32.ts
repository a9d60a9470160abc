import { halfValues } from './floats.js';

/**
 * Block types of 32 elements. All put element j in the low and element j + 16 in the high half of byte j, except
 * Q8_0, which has a byte per element. `d` is the block's scale, `m` its offset, both stored as f16.
 * Products and sums are exact in f64, so the one rounding to f32 gives the reference's bits.
 */

/** value = d · (q − 8). Layout: d, 16 bytes of nibbles. */
export function decodeQ4_0(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues();
  for (let at = 0, o = 0; o < out.length; at += 18, o += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 2 + j]!;
      out[o + j] = d * ((pair & 15) - 8);
      out[o + j + 16] = d * ((pair >> 4) - 8);
    }
  }
}

/** value = d · q + m. Layout: d, m, 16 bytes of nibbles. */
export function decodeQ4_1(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues();
  for (let at = 0, o = 0; o < out.length; at += 20, o += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 4 + j]!;
      out[o + j] = d * (pair & 15) + m;
      out[o + j + 16] = d * (pair >> 4) + m;
    }
  }
}

/** The 32 fifth bits of a block, bit i for element i. */
function fifthBits(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** value = d · (q − 16). Layout: d, 4 bytes of fifth bits, 16 bytes of nibbles. */
export function decodeQ5_0(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues();
  for (let at = 0, o = 0; o < out.length; at += 22, o += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const high = fifthBits(bytes, at + 2);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 6 + j]!;
      out[o + j] = d * (((pair & 15) | (((high >>> j) & 1) << 4)) - 16);
      out[o + j + 16] = d * (((pair >> 4) | (((high >>> (j + 16)) & 1) << 4)) - 16);
    }
  }
}

/** value = d · q + m. Layout: d, m, 4 bytes of fifth bits, 16 bytes of nibbles. */
export function decodeQ5_1(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues();
  for (let at = 0, o = 0; o < out.length; at += 24, o += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    const m = half[bytes[at + 2]! | (bytes[at + 3]! << 8)]!;
    const high = fifthBits(bytes, at + 4);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 8 + j]!;
      out[o + j] = d * ((pair & 15) | (((high >>> j) & 1) << 4)) + m;
      out[o + j + 16] = d * ((pair >> 4) | (((high >>> (j + 16)) & 1) << 4)) + m;
    }
  }
}

/** value = d · q. Layout: d, 32 signed bytes. */
export function decodeQ8_0(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues();
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0, o = 0; o < out.length; at += 34, o += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < 32; j++) out[o + j] = d * signed[at + 2 + j]!;
  }
}

/** The values that IQ4's four bits stand for: denser around zero, as weights are. */
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
export function decodeIQ4_NL(bytes: Uint8Array, out: Float32Array): void {
  const half = halfValues();
  for (let at = 0, o = 0; o < out.length; at += 18, o += 32) {
    const d = half[bytes[at]! | (bytes[at + 1]! << 8)]!;
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 2 + j]!;
      out[o + j] = d * IQ4_VALUES[pair & 15]!;
      out[o + j + 16] = d * IQ4_VALUES[pair >> 4]!;
    }
  }
}

/** Twice the values of a 4-bit float with 2 exponent bits and 1 mantissa bit. */
const MXFP4_DOUBLED = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12);

/** value = 2^(e − 127) · float4(q). Layout: e, 16 bytes of nibbles. */
export function decodeMXFP4(bytes: Uint8Array, out: Float32Array): void {
  for (let at = 0, o = 0; o < out.length; at += 17, o += 32) {
    const halved = 2 ** (bytes[at]! - 128);
    for (let j = 0; j < 16; j++) {
      const pair = bytes[at + 1 + j]!;
      out[o + j] = halved * MXFP4_DOUBLED[pair & 15]!;
      out[o + j + 16] = halved * MXFP4_DOUBLED[pair >> 4]!;
    }
  }
}
