import { HoldfastError } from '../errors.js';
import { type ByteSource, TRUNCATED_HINT } from './bytes.js';
import type { Checkpoint, MetadataValue, TensorInfo } from './checkpoint.js';
import { GgufCursor } from './gguf-cursor.js';
import { GGML_TYPES, GGUF_TENSOR_TYPES, ggufTensorType } from './gguf-types.js';
import { readValue } from './gguf-values.js';
import { byOffset, elementCount, findOverlap } from './layout.js';
import { refusePointer } from './lfs-pointer.js';
import { quote } from './quote.js';
import { BLOCK_LAYOUTS, byteLengthOf } from './tensor-types.js';

const MAGIC = 0x46554747; // "GGUF", little endian
const DEFAULT_ALIGNMENT = 32;
const MAX_DIMENSIONS = 4;
/** The smallest key with a value (length, type, one byte), and the smallest tensor entry (no name, no dimensions). */
const MIN_METADATA_BYTES = 13;
const MIN_TENSOR_BYTES = 24;
/** Approximate memory of an entry beyond its bytes in the file. */
const METADATA_OVERHEAD_BYTES = 128;
const TENSOR_OVERHEAD_BYTES = 512;

/**
 * Reads and checks the header of a GGUF file (version 2 or 3, little endian).
 * Shapes have the outermost dimension first, the reverse of the file's order.
 * @throws HoldfastError `E_GGUF` for anything the format forbids, for an unsupported version or byte order, and for one
 * part of a split model (see `openSplitGguf`); `E_TENSOR_TYPE` for an unsupported tensor type; `E_UNREADABLE` from the
 * source, and for a Git LFS pointer
 */
export async function openGguf(source: ByteSource): Promise<Checkpoint> {
  const checkpoint = await readGguf(source);
  const parts = checkpoint.metadata.get('split.count');
  if (typeof parts !== 'number' || parts <= 1) return checkpoint;
  throw new HoldfastError('E_GGUF', `the file is one of the ${parts} parts of a model`, {
    file: source.name,
    field: 'split.count',
    hint: 'Put all parts in one folder, under their published names (NAME-00001-of-00003.gguf)',
  });
}

/** Reads and checks one file: a whole model or one part of it. @throws HoldfastError as `openGguf` does for a model */
export async function readGguf(source: ByteSource): Promise<Checkpoint> {
  await refusePointer(source);
  const cursor = new GgufCursor(source);
  const { tensorCount, metadataCount } = await readPreamble(cursor);
  const { metadata, notes } = await readMetadata(cursor, metadataCount, source.name);
  const stated = metadata.get('general.alignment');
  const alignment = typeof stated === 'number' ? stated : DEFAULT_ALIGNMENT;
  const declared = await readTensorInfos(cursor, tensorCount);
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map<string, TensorInfo>();
  for (const tensor of declared) {
    if (tensors.has(tensor.name)) cursor.fail('duplicate tensor name', tensor.field, tensor.at);
    tensors.set(tensor.name, place(cursor, source, tensor, dataStart, alignment));
  }
  const overlap = findOverlap(byOffset(tensors.values()));
  if (overlap !== null) {
    const [before, after] = overlap;
    cursor.fail(
      `tensors ${quote(before.name)} and ${quote(after.name)} overlap`,
      'tensor offset',
      after.offset,
    );
  }
  return { format: 'gguf', name: source.name, tensors, metadata, notes };
}

async function readPreamble(cursor: GgufCursor): Promise<{ tensorCount: number; metadataCount: number }> {
  await cursor.need(4, 'magic');
  if (cursor.u32() !== MAGIC) cursor.fail('the file does not begin with "GGUF"', 'magic', 0);
  await cursor.need(20, 'version');
  const version = cursor.u32();
  // Versions are small. If only the upper half is set, the bytes are in the opposite order.
  if (version > 0 && version % 65536 === 0) {
    const hint = "Convert it with llama.cpp's gguf_convert_endian.py";
    cursor.fail('big-endian GGUF files are not supported', 'version', 4, hint);
  }
  if (version === 1) cursor.fail('GGUF version 1 is not supported', 'version', 4, 'Convert the model again');
  if (version !== 2 && version !== 3) cursor.fail(`GGUF version ${version} is unknown`, 'version', 4);
  const tensorCount = cursor.u64();
  const metadataCount = cursor.u64();
  checkCount(cursor, tensorCount, MIN_TENSOR_BYTES, 'tensor_count', 8);
  checkCount(cursor, metadataCount, MIN_METADATA_BYTES, 'metadata_kv_count', 16);
  return { tensorCount, metadataCount };
}

function checkCount(cursor: GgufCursor, count: number, bytesEach: number, field: string, at: number): void {
  if (count * bytesEach <= cursor.remaining) return;
  const what = `the header claims ${count} entries of at least ${bytesEach} bytes, but the file has ${cursor.remaining} left`;
  cursor.fail(what, field, at, TRUNCATED_HINT);
}

/** Metadata of which some values are invalid. Reading one throws its error; a value that nobody reads does no harm. */
class FaultyMetadata extends Map<string, MetadataValue> {
  readonly #faults: ReadonlyMap<string, HoldfastError>;

  constructor(values: ReadonlyMap<string, MetadataValue>, faults: ReadonlyMap<string, HoldfastError>) {
    super(values);
    this.#faults = faults;
  }

  override get(key: string): MetadataValue | undefined {
    const fault = this.#faults.get(key);
    if (fault !== undefined) throw fault;
    return super.get(key);
  }
}

async function readMetadata(
  cursor: GgufCursor,
  count: number,
  file: string,
): Promise<Required<Pick<Checkpoint, 'metadata' | 'notes'>>> {
  cursor.charge(count, METADATA_OVERHEAD_BYTES, 'metadata_kv_count');
  const metadata = new Map<string, MetadataValue>();
  const faults = new Map<string, HoldfastError>();
  const notes: string[] = [];
  for (let i = 0; i < count; i++) {
    const at = cursor.position;
    const key = await cursor.string(`metadata key ${i}`);
    if (metadata.has(key)) cursor.fail('duplicate key', quote(key), at);
    const value = await readValue(cursor, quote(key));
    METADATA_CHECKS.get(key)?.(cursor, value, at);
    metadata.set(key, value);
    const fault = cursor.takeFault();
    if (fault === null) continue;
    const { what, field, offset } = fault;
    faults.set(key, cursor.error(what, field, offset));
    notes.push(`${file}: the metadata field ${field} cannot be read: ${what} (byte ${offset})`);
  }
  return { metadata: faults.size === 0 ? metadata : new FaultyMetadata(metadata, faults), notes };
}

/** Checks of the metadata that reading the file depends on. */
const METADATA_CHECKS: ReadonlyMap<string, (cursor: GgufCursor, value: MetadataValue, at: number) => void> =
  new Map([['general.alignment', checkAlignment]]);

function checkAlignment(cursor: GgufCursor, alignment: MetadataValue, at: number): void {
  const valid =
    typeof alignment === 'number' &&
    alignment >= 8 &&
    alignment <= 2 ** 31 &&
    Number.isInteger(Math.log2(alignment));
  if (valid) return;
  const stated = typeof alignment === 'number' ? alignment : typeof alignment;
  const what = `the alignment is not a power of two of at least 8: ${stated}`;
  cursor.fail(what, 'general.alignment', at);
}

/** A tensor entry of the header. `field` and `at` locate it in errors. */
interface DeclaredTensor {
  readonly name: string;
  readonly field: string;
  readonly at: number;
  readonly shape: readonly number[];
  readonly type: number;
  /** Byte offset from the start of the data. */
  readonly offset: number;
}

async function readTensorInfos(cursor: GgufCursor, count: number): Promise<DeclaredTensor[]> {
  cursor.charge(count, TENSOR_OVERHEAD_BYTES, 'tensor_count');
  const tensors: DeclaredTensor[] = [];
  for (let i = 0; i < count; i++) {
    const at = cursor.position;
    const name = await cursor.string(`tensor ${i} name`);
    const fault = cursor.takeFault();
    if (fault !== null) cursor.fail(fault.what, fault.field, fault.offset);
    const field = quote(name);
    await cursor.need(4, field);
    const dimensions = cursor.u32();
    if (dimensions > MAX_DIMENSIONS)
      cursor.fail(
        `the tensor has ${dimensions} dimensions, at most ${MAX_DIMENSIONS} are allowed`,
        field,
        at,
      );
    await cursor.need(dimensions * 8 + 12, field);
    const shape = Array.from({ length: dimensions }, () => cursor.u64()).reverse();
    tensors.push({ name, field, at, shape, type: cursor.u32(), offset: cursor.u64() });
  }
  return tensors;
}

function place(
  cursor: GgufCursor,
  source: ByteSource,
  tensor: DeclaredTensor,
  dataStart: number,
  alignment: number,
): TensorInfo {
  const { name, field, at, shape, offset } = tensor;
  const type = ggufTensorType(tensor.type);
  if (type === null) {
    const known = GGML_TYPES[tensor.type];
    throw new HoldfastError(
      'E_TENSOR_TYPE',
      `tensor type ${known ?? `number ${tensor.type}`} is not supported`,
      {
        file: source.name,
        field,
        offset: at,
        hint: `Use a file quantised to one of ${[...GGUF_TENSOR_TYPES].join(', ')}`,
      },
    );
  }
  const elements = elementCount(shape);
  if (elements === null) return cursor.fail(`shape [${shape}] has more than 2^53 elements`, field, at);
  const { elements: blockElements } = BLOCK_LAYOUTS[type];
  if ((shape.at(-1) ?? 1) % blockElements !== 0) {
    return cursor.fail(
      `rows of shape [${shape}] do not fill blocks of ${blockElements} (${type})`,
      field,
      at,
    );
  }
  const byteLength = byteLengthOf(type, elements);
  if (offset % alignment !== 0) {
    return cursor.fail(`offset ${offset} is not a multiple of the alignment ${alignment}`, field, at);
  }
  if (dataStart + offset + byteLength > source.size) {
    const what = `its ${byteLength} bytes at ${dataStart + offset} extend past the end of the file at ${source.size}`;
    return cursor.fail(what, field, at, TRUNCATED_HINT);
  }
  return { name, type, shape, source, offset: dataStart + offset, byteLength };
}
