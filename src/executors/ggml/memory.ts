import { byteLengthOf, type TensorType } from '../../formats/index.js';
import { type Address, type BufferHandle, type BufferType, type Ggml, memoryAt } from './bindings.js';
import { outOfMemory } from './device.js';
import { blockOf, extentOf, GGML_TYPES, type Value } from './tensor.js';

/**
 * Every access to native memory by offset, size, index or address. ggml ends the process for one that is out of bounds,
 * or writes where it should not, so the bounds are checked here. A failed check is a defect of this executor.
 */

/** @throws Error unless `[start, start + size)` lies within `[0, all)` */
export function checkWithin(what: string, start: number, size: number, all: number): void {
  const isWhole = [start, size, all].every((number) => Number.isSafeInteger(number) && number >= 0);
  if (!isWhole || start + size > all) throw new Error(`${what}: ${size} from ${start} are not within ${all}`);
}

/** @throws Error if a tensor has no memory: no context, graph or block was allocated for it */
function checkHasMemory(ggml: Ggml, { tensor, of }: Value): void {
  if (ggml.dataOf(of?.tensor ?? tensor) === null) throw new Error('a tensor has no memory');
}

/** Writes all of an array into a tensor. @param offset in the tensor, in bytes */
export function writeTensor(ggml: Ggml, value: Value, data: NodeJS.ArrayBufferView, offset = 0): void {
  checkWithin('bytes written to a tensor', offset, data.byteLength, extentOf(value));
  checkHasMemory(ggml, value);
  if (value.below !== undefined) checkIndices(value.type, data, value.below);
  ggml.set(value.tensor, data, offset, data.byteLength);
}

/** Writes the whole of a tensor. @throws Error unless the data has exactly its size */
export function fillTensor(ggml: Ggml, value: Value, data: NodeJS.ArrayBufferView): void {
  checkSize(value, data.byteLength);
  writeTensor(ggml, value, data);
}

/** @throws Error unless a tensor has exactly this size in bytes */
export function checkSize(value: Value, bytes: number): void {
  const expected = extentOf(value);
  if (bytes !== expected) throw new Error(`a tensor of ${expected} bytes was given ${bytes}`);
}

/** Fills an array with what a tensor holds from an offset on, in bytes. */
export function readTensor(ggml: Ggml, value: Value, into: NodeJS.ArrayBufferView, offset = 0): void {
  checkWithin('bytes read from a tensor', offset, into.byteLength, extentOf(value));
  checkHasMemory(ggml, value);
  ggml.get(value.tensor, into, offset, into.byteLength);
}

/** Rows of neighbouring bytes at even distances, all in bytes. */
interface Rows {
  readonly offset: number;
  readonly size: number;
  readonly stride: number;
  readonly count: number;
}

/** Zeroes rows of a tensor. */
export function zeroRows(ggml: Ggml, value: Value, { offset, size, stride, count }: Rows): void {
  checkWithin('bytes of a row', 0, size, stride);
  checkWithin('bytes zeroed in a tensor', offset, (count - 1) * stride + size, extentOf(value));
  checkHasMemory(ggml, value);
  for (let row = 0; row < count; row++) ggml.fill(value.tensor, 0, offset + row * stride, size);
}

/** @throws Error if a number is not an index: I64 is read as pairs of 32-bit words, the low one first */
function checkIndices(type: Value['type'], data: NodeJS.ArrayBufferView, below: number): void {
  const words = new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  const step = blockOf(type).bytes / 4;
  for (let at = 0; at < words.length; at += step) {
    const index = step === 1 ? words[at]! : (words[at]! >>> 0) + words[at + 1]! * 2 ** 32;
    if (index < 0 || index >= below) throw new Error(`index ${index} is not below ${below}`);
  }
}

/** Memory in which tensors are placed one by one. */
export interface Block {
  readonly buffer: BufferHandle;
  readonly base: Address;
  readonly bytes: number;
}

/** Allocates a block. @returns null if there is not enough memory */
export function allocateBlock(ggml: Ggml, type: BufferType, bytes: number): Block | null {
  checkWithin('bytes of a block', 0, bytes, Number.MAX_SAFE_INTEGER);
  const buffer = ggml.allocateBuffer(type, bytes);
  return buffer === null ? null : { buffer, base: ggml.baseOf(buffer), bytes };
}

/** `TENSOR_ALIGNMENT`: where a block may begin. */
const ALIGNMENT = 32n;

/** A block over memory that is not ggml's and outlives it. @throws HoldfastError `E_EXECUTOR` */
export function blockOver(ggml: Ggml, base: Address, bytes: number, what: string): Block {
  checkWithin('bytes of a block', 0, bytes, Number.MAX_SAFE_INTEGER);
  if (base === 0n || base % ALIGNMENT !== 0n) throw new Error(`a block cannot begin at ${base}`);
  const buffer = ggml.bufferFromPointer(base, bytes);
  if (buffer === null) throw outOfMemory(what);
  return { buffer, base, bytes };
}

/** Gives a tensor without memory its place in a block. @param offset in bytes */
export function placeTensor(ggml: Ggml, { buffer, base, bytes }: Block, value: Value, offset: number): void {
  checkWithin('a tensor in its block', offset, ggml.sizeInBuffer(buffer, value.tensor), bytes);
  if (value.of !== undefined || ggml.dataOf(value.tensor) !== null)
    throw new Error('a tensor has memory already');
  ggml.place(buffer, value.tensor, base + BigInt(offset));
}

/** Views bytes of a region of native memory, which must outlive the view. @param offset in bytes */
export function viewMemory(base: Address, size: number, offset: number, length: number): ArrayBuffer {
  checkWithin('bytes of a region', offset, length, size);
  return memoryAt(base + BigInt(offset), length);
}

/** Quantises a matrix, `[rows, columns]`. */
export function quantise(
  ggml: Ggml,
  type: TensorType,
  values: Float32Array,
  [rows, columns]: readonly [number, number],
): Uint8Array {
  checkWithin('values of a matrix', 0, rows * columns, values.length);
  const rowBytes = byteLengthOf(type, columns);
  checkWithin('bytes of a row of blocks', 0, rowBytes, Number.MAX_SAFE_INTEGER);
  const out = new Uint8Array(rows * rowBytes);
  ggml.quantize(GGML_TYPES[type], values, out, 0, rows, columns, null);
  return out;
}
