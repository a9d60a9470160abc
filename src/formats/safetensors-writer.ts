import { HoldfastError } from '../errors.js';
import { elementCount } from './layout.js';
import { quote } from './quote.js';
import type { SafetensorsDtype } from './safetensors.js';
import { byteLengthOf } from './tensor-types.js';

/** A tensor for `encodeSafetensors`. */
export interface TensorToWrite {
  readonly name: string;
  readonly type: SafetensorsDtype;
  /** Outermost dimension first. */
  readonly shape: readonly number[];
  /** Elements as stored: a Float32Array for F32, a BigInt64Array for I64, 16-bit words for F16 and BF16. */
  readonly data: ArrayBufferView;
}

/**
 * Returns a safetensors file as chunks to be written in order: the header, then each tensor's own memory, not copied.
 * Tensors keep the given order, and equal input gives equal bytes. The header is padded to a multiple of 8 bytes. Put
 * wider types first to keep every tensor aligned to its element size.
 * @throws HoldfastError `E_SAFETENSORS` for a duplicate or reserved name, `E_TENSOR_SHAPE` if shape and data disagree
 */
export function encodeSafetensors(
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const entries = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) entries.set('__metadata__', metadata);
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const { name, type, shape, data } of tensors) {
    if (name === '__metadata__' || entries.has(name)) {
      throw new HoldfastError('E_SAFETENSORS', `the tensor name ${quote(name)} is a duplicate or reserved`);
    }
    const elements = elementCount(shape);
    if (elements === null || byteLengthOf(type, elements) !== data.byteLength) {
      throw new HoldfastError(
        'E_TENSOR_SHAPE',
        `shape [${shape}] of ${type} does not match the data of ${data.byteLength} bytes`,
        {
          field: quote(name),
        },
      );
    }
    const end = offset + data.byteLength;
    entries.set(name, { dtype: type, shape, data_offsets: [offset, end] });
    chunks.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset = end;
  }
  return [encodeHeader(entries), ...chunks];
}

/** Returns 8 bytes of length, then the JSON, padded with spaces so that the data starts at a multiple of 8. */
function encodeHeader(entries: ReadonlyMap<string, unknown>): Uint8Array {
  // Not one JSON.stringify: an object puts names that look like numbers first.
  const fields = [...entries].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  header.set(json, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  return header;
}
