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

/** values = scale·q + offset, from element `start` of `out` on; scale·q where there are no offsets. */
export function expandBlocks(
  quants: Int8Array,
  scales: Float32Array,
  offsets: Float32Array | null,
  blockSize: number,
  out: Float32Array,
  start: number,
): void {
  for (let block = 0, i = 0; i < quants.length; block++) {
    const scale = scales[block]!;
    const end = i + blockSize;
    // Without an offset nothing is added, not even zero: that would turn −0 into 0.
    if (offsets === null) {
      for (; i < end; i++) out[start + i] = scale * quants[i]!;
    } else {
      const offset = offsets[block]!;
      for (; i < end; i++) out[start + i] = scale * quants[i]! + offset;
    }
  }
}

/** Elements unpacked at a time: whole blocks of every type, and few enough to stay in the nearest cache. */
const ELEMENTS_AT_ONCE = 4096;

/** The decoder from a type's bytes to f32 values. */
export function decoderOf(format: BlockFormat): (bytes: Uint8Array, out: Float32Array) => void {
  const { blockSize, split } = format;
  return (bytes, out) => {
    const quants = new Int8Array(Math.min(ELEMENTS_AT_ONCE, out.length));
    const scales = new Float32Array(quants.length / blockSize);
    const offsets = new Float32Array(quants.length / blockSize);
    const bytesPerElement = bytes.length / out.length;
    for (let start = 0; start < out.length; start += ELEMENTS_AT_ONCE) {
      const part = quants.subarray(0, out.length - start);
      split(bytes.subarray(start * bytesPerElement), part, scales, offsets);
      expandBlocks(part, scales, format.centre === null ? null : offsets, blockSize, out, start);
    }
  };
}
