import type { StoredWeight } from '../../architectures/index.js';
import {
  type IntegerBlocks,
  packNibbles,
  SHARING,
  type SharedFactors,
  sharedFactors,
} from '../../formats/index.js';
import { CENTRES, type MatrixFormat, productWords } from '../../kernels/matrix.js';
import { encodeWeight, formName, heldInHalves, type Precision } from '../contract/index.js';
import { exactHalves } from './halves.js';

/** A matrix as its kernel reads it. */
export interface Packed {
  readonly outputs: number;
  readonly inputs: number;
  readonly format: MatrixFormat;
  /** The name of the form, e.g. `q4`. */
  readonly form: string;
  readonly weight: Uint8Array;
  readonly scales: Float32Array | Uint16Array | Uint32Array | null;
  readonly bias: Float32Array | null;
}

/** Packs a matrix for its kernel. 16-bit floats stay 16 bits if the precision allows it. */
export function packMatrix(stored: StoredWeight, precision: Precision): Omit<Packed, 'bias'> {
  const { type, bytes, shape } = stored;
  const kind = heldInHalves(type, precision);
  if (kind !== null) {
    const [outputs, inputs] = shape as [number, number];
    return { outputs, inputs, format: { kind }, form: kind, weight: bytes, scales: null };
  }
  const matrix = encodeWeight(stored, precision);
  const { outputs, inputs, weight } = matrix;
  const form = formName(matrix);
  if (weight.kind === 'f32') {
    return { outputs, inputs, format: { kind: 'f32' }, form, weight: bytesOf(weight.values), scales: null };
  }
  const { bits, blockSize, quants, scales, offsets } = weight.blocks;
  const packed = bits === 4 ? packNibbles(quants) : bytesOf(quants);
  const blocks = { kind: 'blocks', bits, blockSize } as const;
  const of = { outputs, inputs, form, weight: packed };
  const shared = precision === 'auto' ? sharedFactors(type, bytes) : null;
  const products = shared && productsOf(weight.blocks, shared);
  if (products !== null)
    return { ...of, format: { ...blocks, scales: products.kind }, scales: products.words };
  if (offsets !== null) {
    const halves = halvesOf(scales, offsets, CENTRES[bits]);
    return halves === null
      ? { ...of, format: { ...blocks, scales: 'f32 and offset' }, scales: inPairs(scales, offsets) }
      : { ...of, format: { ...blocks, scales: 'f16 and minimum' }, scales: halves };
  }
  // A row's scales fill whole words, so that a matrix can be cut between any two rows.
  const halves = (inputs / blockSize) % 2 === 0 ? exactHalves(scales) : null;
  return halves === null
    ? { ...of, format: { ...blocks, scales: 'f32' }, scales }
    : { ...of, format: { ...blocks, scales: 'f16' }, scales: halves };
}

/** Returns scales and minimums as products, if these give the same scales and offsets; otherwise null. */
function productsOf({ scales, offsets, blockSize, bits }: IntegerBlocks, shared: SharedFactors) {
  const kind = offsets === null ? 'products' : 'products and minimum';
  const size = productWords({ blockSize, scales: kind });
  const blocks = SHARING / blockSize;
  const factors = offsets === null ? 1 : 2;
  const words = new Uint32Array(shared.scales.length * size);
  const floats = new Float32Array(words.buffer);
  const integers = new Int8Array(words.buffer);
  const centre = CENTRES[bits];
  for (const [group, scaleOf] of shared.scales.entries()) {
    const minimumOf = shared.minimums[group]!;
    const at = group * size;
    floats.set([scaleOf, minimumOf].slice(0, factors), at);
    for (let own = 0; own < blocks; own++) {
      const block = group * blocks + own;
      const place = 4 * (at + factors) + own;
      const scale = scales[block]!;
      integers[place] = Math.round(scale / scaleOf);
      if (scaleOf * integers[place]! !== scale) return null;
      if (offsets === null) continue;
      const offset = offsets[block]!;
      integers[place + blocks] = Math.round((centre * scale - offset) / minimumOf);
      if (Math.fround(centre * scale - minimumOf * integers[place + blocks]!) !== offset) return null;
    }
  }
  return { kind, words } as const;
}

/** Returns scales and minimums as f16, if these give the same offsets; otherwise null. */
function halvesOf(scales: Float32Array, offsets: Float32Array, centre: number): Uint16Array | null {
  const minimums = offsets.map((offset, block) => offset - centre * scales[block]!);
  const isExact = offsets.every(
    (offset, block) => Math.fround(minimums[block]! + centre * scales[block]!) === offset,
  );
  return isExact ? exactHalves(inPairs(scales, minimums)) : null;
}

function inPairs(first: Float32Array, second: Float32Array): Float32Array {
  const pairs = new Float32Array(2 * first.length);
  for (let i = 0; i < first.length; i++) {
    pairs[2 * i] = first[i]!;
    pairs[2 * i + 1] = second[i]!;
  }
  return pairs;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
