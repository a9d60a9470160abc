/** Plain floats. Typed arrays are read in the machine's byte order, which is little endian wherever JavaScript runs. */

let halfTable: Uint32Array | undefined;

/** The bits of the f32 that equals the f16 with bits `half`; exact, subnormals, infinities and NaNs included. */
function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (mantissa << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (mantissa << 13);
  if (mantissa === 0) return sign;
  // A subnormal is mantissa · 2⁻²⁴: its leading one becomes the f32's implicit bit.
  const leading = 31 - Math.clz32(mantissa);
  return sign | ((leading + 103) << 23) | ((mantissa << (23 - leading)) & 0x7fffff);
}

/** f32 bits of all 65,536 halves, built on first use: looking up is several times faster than converting. */
function halfBits(): Uint32Array {
  if (halfTable === undefined) {
    halfTable = new Uint32Array(65536);
    for (let half = 0; half < 65536; half++) halfTable[half] = halfToFloatBits(half);
  }
  return halfTable;
}

/** Indexed by a half's bits; for decoders that read a scale per block. */
export function halfValues(): Float32Array {
  return new Float32Array(halfBits().buffer);
}

/** Sixteen-bit words of `bytes`, as a view where the offset allows it. */
function words(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length >> 1);
}

function bitsOf(floats: Float32Array): Uint32Array {
  return new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
}

export function decodeF32(bytes: Uint8Array, out: Float32Array): void {
  new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
}

export function decodeF16(bytes: Uint8Array, out: Float32Array): void {
  const source = words(bytes);
  const table = halfBits();
  const target = bitsOf(out);
  for (let i = 0; i < target.length; i++) target[i] = table[source[i]!]!;
}

/** A BF16 is the upper half of an f32. */
export function decodeBF16(bytes: Uint8Array, out: Float32Array): void {
  const source = words(bytes);
  const target = bitsOf(out);
  for (let i = 0; i < target.length; i++) target[i] = source[i]! << 16;
}
