import { HoldfastError } from '../errors.js';
import { type ByteSource, TRUNCATED_HINT } from './bytes.js';
import type { Checkpoint, TensorInfo, TensorType } from './checkpoint.js';
import { JsonError } from './json-scanner.js';
import { byOffset, elementCount, findOverlap } from './layout.js';
import { refusePointer } from './lfs-pointer.js';
import { quote } from './quote.js';
import { type HeaderEntry, parseSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.js';
import { byteLengthOf } from './tensor-types.js';

/** Supported dtypes, by their names in the format. */
const SAFETENSORS_DTYPES = ['F32', 'F16', 'BF16', 'I64'] as const satisfies readonly TensorType[];
/** A supported dtype. */
export type SafetensorsDtype = (typeof SAFETENSORS_DTYPES)[number];

/** The format allows 100 MB. Models need a few hundred bytes per tensor; parsing needs several times that in memory. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/**
 * Reads and checks the header of a safetensors file.
 * @throws HoldfastError `E_SAFETENSORS` for anything the format forbids, `E_TENSOR_TYPE` for an unsupported dtype,
 * `E_UNREADABLE` from the source, and for a Git LFS pointer
 */
export async function openSafetensors(source: ByteSource): Promise<Checkpoint> {
  const { header, dataStart } = await readHeader(source);
  const tensors = new Map<string, TensorInfo>();
  for (const entry of header.entries) tensors.set(entry.name, checkEntry(source, entry, dataStart));
  checkCoverage(source, [...tensors.values()], dataStart);
  return { format: 'safetensors', name: source.name, tensors, metadata: header.metadata };
}

/** Returns an `E_SAFETENSORS` error about the file `source`, with the field and byte offset of the fault. */
export function safetensorsError(
  source: string,
  what: string,
  field?: string,
  offset?: number,
  hint?: string,
): HoldfastError {
  return new HoldfastError('E_SAFETENSORS', what, {
    file: source,
    ...(field === undefined ? {} : { field }),
    ...(offset === undefined ? {} : { offset }),
    ...(hint === undefined ? {} : { hint }),
  });
}

async function readHeader(source: ByteSource): Promise<{ header: SafetensorsHeader; dataStart: number }> {
  await refusePointer(source);
  if (source.size < 8)
    throw safetensorsError(
      source.name,
      `${source.size} bytes cannot hold a header`,
      'header length',
      0,
      TRUNCATED_HINT,
    );
  const prefix = await source.read(0, 8);
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(source.size - 8)) {
    const what = `the header claims ${length} bytes, but the file has ${source.size - 8} left`;
    throw safetensorsError(source.name, what, 'header length', 0, TRUNCATED_HINT);
  }
  if (length > MAX_HEADER_BYTES) {
    const what = `a header of ${length} bytes exceeds the limit of ${MAX_HEADER_BYTES}`;
    throw safetensorsError(source.name, what, 'header length', 0);
  }
  const bytes = await source.read(8, Number(length));
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw safetensorsError(source.name, 'the header is not UTF-8', 'header', 8, TRUNCATED_HINT);
  }
  try {
    return { header: parseSafetensorsHeader(text), dataStart: 8 + bytes.length };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const offset = 8 + new TextEncoder().encode(text.slice(0, error.position)).length;
    throw safetensorsError(source.name, error.what, 'header', offset);
  }
}

function isSupported(dtype: string): dtype is SafetensorsDtype {
  return (SAFETENSORS_DTYPES as readonly string[]).includes(dtype);
}

function checkEntry(source: ByteSource, entry: HeaderEntry, dataStart: number): TensorInfo {
  const { name, dtype, shape, begin, end } = entry;
  const field = quote(name);
  if (!isSupported(dtype)) {
    throw new HoldfastError('E_TENSOR_TYPE', `dtype ${quote(dtype)} is not supported`, {
      file: source.name,
      field,
      hint: `Convert the tensor to one of ${SAFETENSORS_DTYPES.join(', ')}`,
    });
  }
  const elements = elementCount(shape);
  if (elements === null)
    throw safetensorsError(source.name, `shape [${shape}] has more than 2^53 elements`, field);
  const dataBytes = source.size - dataStart;
  if (begin > end || end > dataBytes) {
    const what = `data_offsets [${begin}, ${end}] lie outside the ${dataBytes} bytes of data`;
    throw safetensorsError(source.name, what, field, dataStart, TRUNCATED_HINT);
  }
  const byteLength = byteLengthOf(dtype, elements);
  if (byteLength !== end - begin) {
    const what = `shape [${shape}] of ${dtype} takes ${byteLength} bytes, data_offsets give ${end - begin}`;
    throw safetensorsError(source.name, what, field, dataStart + begin);
  }
  return { name, type: dtype, shape, source, offset: dataStart + begin, byteLength };
}

/** Checks that every byte of the data belongs to exactly one tensor, as the format requires. */
function checkCoverage(source: ByteSource, tensors: readonly TensorInfo[], dataStart: number): void {
  const ordered = byOffset(tensors);
  const overlap = findOverlap(ordered);
  if (overlap !== null) {
    const [before, after] = overlap;
    throw safetensorsError(
      source.name,
      `tensors ${quote(before.name)} and ${quote(after.name)} overlap`,
      'data_offsets',
      after.offset,
    );
  }
  let covered = dataStart;
  for (const { offset, byteLength } of ordered) {
    if (offset !== covered) break;
    covered = offset + byteLength;
  }
  if (covered !== source.size) {
    throw safetensorsError(source.name, 'some bytes belong to no tensor', 'data_offsets', covered);
  }
}
