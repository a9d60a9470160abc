/** The smallest normal f16. Some devices read smaller ones as 0. */
const SMALLEST = 2 ** -14;
const LARGEST = 65_504;

/** Returns numbers as f16 if each of them is 0 or a normal f16; otherwise null. */
export function exactHalves(values: Float32Array): Uint16Array | null {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (const [index, value] of values.entries()) {
    const size = Math.abs(value);
    const word = bits[index]!;
    const sign = (word >>> 16) & 0x8000;
    if (size === 0) {
      halves[index] = sign;
      continue;
    }
    if (!(size >= SMALLEST && size <= LARGEST) || (word & 0x1fff) !== 0) return null;
    // The exponent's bias is 127 in f32 and 15 in f16; the mantissa loses 13 bits, which are 0.
    halves[index] = sign | (((word & 0x7fffffff) >>> 13) - (112 << 10));
  }
  return halves;
}
