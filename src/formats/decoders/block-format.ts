/**
 * The storage format of a quantised type. Each value is scale·q + offset, where q is a small integer and 16 or 32
 * neighbours share scale and offset. Scales and offsets are f16 values, f16 values times an integer of at most 8 bits,
 * or powers of two, so f32 represents them exactly. scale·q + offset is then exact in f64, and rounding it once to f32
 * gives the same bits as ggml.
 */
export interface BlockFormat {
  /** Number of neighbours that share a scale. A stored block has one or more such groups. */
  readonly blockSize: 16 | 32;
  /** Bits needed for every q − `centre`: 4 when it is within −8…7, else 8. */
  readonly bits: 4 | 8;
  /** The middle of q's range if the type has offsets (then q ≥ 0); null if it has none (then q is signed). */
  readonly centre: number | null;
  /**
   * Unpacks stored blocks.
   * @param quants [elements], i8
   * @param scales [elements / blockSize], f32
   * @param offsets [elements / blockSize], f32; not written if `centre` is null
   */
  readonly split: (bytes: Uint8Array, quants: Int8Array, scales: Float32Array, offsets: Float32Array) => void;
}

/** Writes scale·q + offset into `values`, or scale·q if there are no offsets. */
export function expandBlocks(
  quants: Int8Array,
  scales: Float32Array,
  offsets: Float32Array | null,
  blockSize: 16 | 32,
  values: Float32Array,
): void {
  const shift = blockSize === 16 ? 4 : 5;
  // The hot loop of every decoder. V8 does not unroll loops; eight values per iteration are twice as fast.
  for (let i = 0; i < quants.length; i += 8) {
    const scale = scales[i >> shift]!;
    if (offsets === null) {
      // Do not add zero here: it would turn −0 into 0.
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

/** Elements unpacked at a time: a multiple of every block size, and small enough for the L1 cache. */
const ELEMENTS_AT_ONCE = 4096;

/** Returns a decoder from a type's bytes to f32 values. */
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
