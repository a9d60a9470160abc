import { HoldfastError } from '../errors.js';
import type { TensorType } from './checkpoint.js';
import * as b from './decoders/blocks-of-32.js';
import * as k from './decoders/blocks-of-256.js';
import { decodeBF16, decodeF16, decodeF32 } from './decoders/floats.js';
import { BLOCK_LAYOUTS, byteLengthOf } from './tensor-types.js';

type Decoder = (bytes: Uint8Array, out: Float32Array) => void;

/** Decoders trust that the sizes of `bytes` and `out` match: `dequantizeInto` checks them. */
const DECODERS: Readonly<Record<Exclude<TensorType, 'I64'>, Decoder>> = {
  F32: decodeF32,
  F16: decodeF16,
  BF16: decodeBF16,
  Q4_0: b.decodeQ4_0,
  Q4_1: b.decodeQ4_1,
  Q5_0: b.decodeQ5_0,
  Q5_1: b.decodeQ5_1,
  Q8_0: b.decodeQ8_0,
  Q2_K: k.decodeQ2_K,
  Q3_K: k.decodeQ3_K,
  Q4_K: k.decodeQ4_K,
  Q5_K: k.decodeQ5_K,
  Q6_K: k.decodeQ6_K,
  IQ4_NL: b.decodeIQ4_NL,
  IQ4_XS: k.decodeIQ4_XS,
  MXFP4: b.decodeMXFP4,
};

/**
 * Decodes the bytes of a tensor, or of some of its rows, into `out`. The result is bit-identical to ggml's.
 * @param out one f32 per element of `bytes`
 * @throws HoldfastError `E_TENSOR_SHAPE` if the sizes do not match, `E_TENSOR_TYPE` for integers
 */
export function dequantizeInto(type: TensorType, bytes: Uint8Array, out: Float32Array): void {
  if (type === 'I64') {
    throw new HoldfastError(
      'E_TENSOR_TYPE',
      'a tensor of type I64 holds integers, which f32 cannot all represent',
      {
        hint: 'Read its bytes as a BigInt64Array',
      },
    );
  }
  if (byteLengthOf(type, out.length) !== bytes.length) {
    throw new HoldfastError(
      'E_TENSOR_SHAPE',
      `${out.length} elements of type ${type} take ${byteLengthOf(type, out.length)} bytes, not ${bytes.length}`,
    );
  }
  DECODERS[type](bytes, out);
}

/**
 * Decodes `bytes` into a new f32 array, bit-identical to ggml's result.
 * @param count the expected number of elements; not checked if omitted
 * @throws HoldfastError as `dequantizeInto` does
 */
export function dequantize(type: TensorType, bytes: Uint8Array, count?: number): Float32Array {
  const layout = BLOCK_LAYOUTS[type];
  const held = Math.floor(bytes.length / layout.bytes) * layout.elements;
  if (count !== undefined && count !== held) {
    throw new HoldfastError(
      'E_TENSOR_SHAPE',
      `${bytes.length} bytes of type ${type} hold ${held} elements, not ${count}`,
    );
  }
  const out = new Float32Array(held);
  dequantizeInto(type, bytes, out);
  return out;
}
