import { HoldfastError } from '../errors.js';
import { elementCount } from './layout.js';
import { quote } from './quote.js';
import type { SafetensorsDtype } from './safetensors.js';
import { byteLengthOf } from './tensor-types.js';

export interface TensorToWrite {
  readonly name: string;
  readonly type: SafetensorsDtype;
  /** Outermost dimension first. */
  readonly shape: readonly number[];
  /** The elements as they go to the file: a Float32Array for F32, a BigInt64Array for I64, 16-bit words for the rest. */
  readonly data: ArrayBufferView;
}

/**
 * A safetensors file as chunks to be written one after the other: the header, then each tensor's own memory, so
 * that nothing is copied. Tensors keep the order given; equal input gives equal bytes. The header is padded to
 * 8 bytes; to keep every tensor aligned to its elements, put wider types first.
 * @throws HoldfastError `E_SAFETENSORS` (a name twice, or the reserved one), `E_TENSOR_SHAPE` (shape and data disagree).
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
      throw new HoldfastError('E_SAFETENSORS', `the tensor name ${quote(name)} is taken`);
    }
    const elements = elementCount(shape);
    if (elements === null || byteLengthOf(type, elements) !== data.byteLength) {
      throw new HoldfastError(
        'E_TENSOR_SHAPE',
        `shape [${shape}] of ${type} does not fit ${data.byteLength} bytes`,
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

/** Eight bytes of length, then JSON padded with spaces so that the data starts at a multiple of eight. */
function encodeHeader(entries: ReadonlyMap<string, unknown>): Uint8Array {
  // Written by hand because an object would put names that look like numbers first.
  const fields = [...entries].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  header.set(json, 8);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  return header;
}
