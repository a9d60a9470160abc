import type { StoredWeight } from '../../architectures/index.js';
import { dequantize, type TensorType } from '../../formats/index.js';
import type { Precision } from '../contract/index.js';
import type { Ggml } from './bindings.js';
import { quantise } from './memory.js';

/** How a matrix is held: ggml's type of its values, and whether an offset per block of 32 is added to them. */
export interface MatrixForm {
  readonly type: TensorType;
  readonly offsets: boolean;
}

/** The elements of a block that has an offset. */
export const OFFSET_BLOCK = 32;

/** The bytes of a matrix in its form. */
export interface FormedMatrix {
  readonly bytes: Uint8Array;
  /** `[outputs, inputs / 32]` */
  readonly offsets: Float32Array | null;
}

/** By stored type, a form with the same values: for processors whose kernels have an order for the form but none for the type. */
export const SAME_VALUES: Readonly<Partial<Record<TensorType, MatrixForm>>> = {
  Q4_1: { type: 'Q4_0', offsets: true },
  Q5_0: { type: 'Q8_0', offsets: false },
  Q5_1: { type: 'Q8_0', offsets: true },
};

/** The form of a weight at a precision, if nothing is gained by another. */
export function plainForm(type: TensorType, inputs: number, precision: Precision): MatrixForm {
  const form = (type: TensorType): MatrixForm => ({ type, offsets: false });
  if (precision === 'f32' || (precision !== 'auto' && inputs % 32 !== 0)) return form('F32');
  if (precision === 'auto') return form(type);
  return form(precision === 'q8' ? 'Q8_0' : 'Q4_0');
}

/** The name of a form: `f32`, `q8_0`, `q4_0+offsets`, … */
export function formName({ type, offsets }: MatrixForm): string {
  return `${type.toLowerCase()}${offsets ? '+offsets' : ''}`;
}

/**
 * The type to which the processor's kernels round what they multiply with a matrix; null if they keep f32.
 * @param repacked whether the matrix is in an order of the kernels' own. Those of AMX, the only ones that have one for
 * f16, multiply f16 with f32
 */
export function activationsOf({ type }: MatrixForm, repacked: boolean): string | null {
  if (type === 'F32' || (type === 'F16' && repacked)) return null;
  return type === 'F16' || type === 'BF16' ? type.toLowerCase() : '8 bits';
}

/** The values of a matrix in its form. */
export function valuesOf({ bytes, offsets }: FormedMatrix, { type }: MatrixForm): Float32Array {
  const values = dequantize(type, bytes);
  if (offsets !== null) {
    for (let i = 0; i < values.length; i++) values[i]! += offsets[Math.floor(i / OFFSET_BLOCK)]!;
  }
  return values;
}

/** Brings a stored weight into a form. */
export function formed(ggml: Ggml, { type, bytes, shape }: StoredWeight, form: MatrixForm): FormedMatrix {
  if (form.type === type) return { bytes, offsets: null };
  const same = SAME_VALUES[type];
  if (same?.type === form.type && same.offsets === form.offsets) {
    return type === 'Q4_1' ? splitQ4_1(bytes) : widenedQ5(bytes, form.offsets);
  }
  const values = dequantize(type, bytes);
  if (form.type === 'F32')
    return { bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offsets: null };
  return { bytes: quantise(ggml, form.type, values, shape as [number, number]), offsets: null };
}

/**
 * Writes Q4_1 as Q4_0 and offsets: d·q + m = d·(q − 8) + (m + 8·d). ggml has kernels for many rows of Q4_0 at once, but
 * none for Q4_1. A block of Q4_1 is d, m and 16 bytes of q; one of Q4_0 is d and the same 16 bytes.
 */
function splitQ4_1(bytes: Uint8Array): FormedMatrix {
  const from = halvesOf(bytes);
  const blocks = from.length / 10;
  const to = new Uint16Array(blocks * 9);
  const offsets = new Float32Array(blocks);
  const values = valuesOfHalves();
  for (let block = 0; block < blocks; block++) {
    const [source, target] = [block * 10, block * 9];
    const scale = from[source]!;
    to[target] = scale;
    for (let i = 1; i <= 8; i++) to[target + i] = from[source + 1 + i]!;
    offsets[block] = values[from[source + 1]!]! + 8 * values[scale]!;
  }
  return { bytes: new Uint8Array(to.buffer), offsets };
}

/**
 * Writes Q5_0 and Q5_1 as Q8_0 and, for Q5_1, offsets: d·q + m = d·(q − 16) + (m + 16·d), where q has 5 bits and m of Q5_0
 * is −16·d. A block is d, m of Q5_1 alone, the fifth bits of its 32 q, and 16 bytes: q_i in the low half of byte i, and
 * q_(i+16) in the high one. One of Q8_0 is d and 32 bytes.
 */
function widenedQ5(bytes: Uint8Array, hasOffsets: boolean): FormedMatrix {
  const from = halvesOf(bytes);
  const size = hasOffsets ? 12 : 11;
  const blocks = from.length / size;
  const to = new Uint16Array(blocks * 17);
  const offsets = hasOffsets ? new Float32Array(blocks) : null;
  const values = valuesOfHalves();
  for (let block = 0; block < blocks; block++) {
    const source = block * size;
    const target = block * 17;
    const scale = from[source]!;
    to[target] = scale;
    if (offsets !== null) offsets[block] = values[from[source + 1]!]! + 16 * values[scale]!;
    const fifths = source + size - 10;
    let lower = from[fifths]!;
    let upper = from[fifths + 1]!;
    for (let pair = 0; pair < 8; pair++) {
      const quants = from[fifths + 2 + pair]!;
      to[target + 1 + pair] = (quants & 0x0f0f) | BELOW_16[lower & 3]!;
      to[target + 9 + pair] = ((quants >> 4) & 0x0f0f) | BELOW_16[upper & 3]!;
      lower >>= 2;
      upper >>= 2;
    }
  }
  return { bytes: new Uint8Array(to.buffer), offsets };
}

/**
 * By the fifth bits of two q: what to set in the bytes that hold their four low bits, so that each byte is q − 16. Without
 * its fifth bit, q − 16 is negative: the upper half of its byte is f.
 */
const BELOW_16 = Uint16Array.of(0xf0f0, 0xf000, 0x00f0, 0);

/** Bytes as numbers of 16 bits. */
function halvesOf(bytes: Uint8Array): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}

let halves: Float32Array | undefined;

/** The value of every f16, by its bits. */
function valuesOfHalves(): Float32Array {
  halves ??= dequantize('F16', new Uint8Array(Uint16Array.from({ length: 65536 }, (_, bits) => bits).buffer));
  return halves;
}
