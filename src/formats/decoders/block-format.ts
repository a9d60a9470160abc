/**
 * How a quantised type stores its values, told once: each is scale·q + offset with a small integer q, and 16 or 32
 * neighbours share scale and offset. A scale (and an offset) is an f16, or an f16 times an integer of 8 bits or
 * fewer, or a power of two, and so is exact in f32; scale·q + offset is then exact in f64, and rounding it to f32
 * once gives the bits that ggml gives.
 */
export interface BlockFormat {
  /** Neighbours that share a scale; a stored block has one or more such groups. */
  readonly blockSize: 16 | 32;
  /** Bits that hold every q once `centre` is taken from it: 4 when −8 ≤ q ≤ 7, else 8. */
  readonly bits: 4 | 8;
  /** The middle of q's range where values have an offset and q ≥ 0; null where they have none and q is signed. */
  readonly centre: number | null;
  /**
   * Unpacks stored blocks.
   * @param quants [elements], i8
   * @param scales [elements / blockSize], f32
   * @param offsets [elements / blockSize], f32; left alone where `centre` is null.
   */
  readonly split: (bytes: Uint8Array, quants: Int8Array, scales: Float32Array, offsets: Float32Array) => void;
}

/** values = scale·q + offset; scale·q where there are no offsets. */
export function expandBlocks(
  quants: Int8Array,
  scales: Float32Array,
  offsets: Float32Array | null,
  blockSize: 16 | 32,
  values: Float32Array,
): void {
  const shift = blockSize === 16 ? 4 : 5;
  // The hot loop of every decoder. Eight a turn: V8 does not unroll, and this is twice as fast.
  for (let i = 0; i < quants.length; i += 8) {
    const scale = scales[i >> shift]!;
    if (offsets === null) {
      // Nothing is added, not even zero: that would turn −0 into 0.
      values[i] = scale * quants[i]!;
      values[i + 1] = scale * quants[i + 1]!;
      values[i + 2] = scale * quants[i + 2]!;
      values[i + 3] = scale * quants[i + 3]!;
      values[i + 4] = scale * quants[i + 4]!;
      values[i + 5] = scale * quants[i + 5]!;
      values[i + 6] = scale * quants[i + 6]!;
      values[i + 7] = scale * quants[i + 7]!;
    } else {
      const offset = offsets[i >> shift]!;
      values[i] = scale * quants[i]! + offset;
      values[i + 1] = scale * quants[i + 1]! + offset;
      values[i + 2] = scale * quants[i + 2]! + offset;
      values[i + 3] = scale * quants[i + 3]! + offset;
      values[i + 4] = scale * quants[i + 4]! + offset;
      values[i + 5] = scale * quants[i + 5]! + offset;
      values[i + 6] = scale * quants[i + 6]! + offset;
      values[i + 7] = scale * quants[i + 7]! + offset;
    }
  }
}

/** Elements unpacked at a time: whole blocks of every type, and few enough to stay in the nearest cache. */
const ELEMENTS_AT_ONCE = 4096;

/** The decoder from a type's bytes to f32 values. */
export function decoderOf(format: BlockFormat): (bytes: Uint8Array, out: Float32Array) => void {
  const { blockSize, centre, split } = format;
  return (bytes, out) => {
    const quants = new Int8Array(Math.min(ELEMENTS_AT_ONCE, out.length));
    const scales = new Float32Array(quants.length / blockSize);
    const offsets = new Float32Array(quants.length / blockSize);
    const bytesPerElement = bytes.length / out.length;
    for (let start = 0; start < out.length; start += ELEMENTS_AT_ONCE) {
      const part = quants.subarray(0, out.length - start);
      split(bytes.subarray(start * bytesPerElement), part, scales, offsets);
      expandBlocks(part, scales, centre === null ? null : offsets, blockSize, out.subarray(start));
    }
  };
}
