/** Decoders of plain floats. Typed arrays use the machine's byte order; supported machines are little endian. */

let halfTable: Uint32Array | undefined;

/** Returns the f32 bits of the f16 with bits `half`. Exact, including subnormals, infinities and NaNs. */
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

/** Returns the f32 bits of all 65,536 halves, built on first use. A lookup is several times faster than a conversion. */
function halfBits(): Uint32Array {
  if (halfTable === undefined) {
    halfTable = new Uint32Array(65536);
    for (let half = 0; half < 65536; half++) halfTable[half] = halfToFloatBits(half);
  }
  return halfTable;
}

/** Returns the f32 values of all halves, indexed by their bits. */
export function halfValues(): Float32Array {
  return new Float32Array(halfBits().buffer);
}

/** Returns the 16-bit words of `bytes`: a view if the offset is even, else a copy. */
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

/** Decodes BF16, which is the upper half of an f32. */
export function decodeBF16(bytes: Uint8Array, out: Float32Array): void {
  const source = words(bytes);
  const target = bitsOf(out);
  for (let i = 0; i < target.length; i++) target[i] = source[i]! << 16;
}
