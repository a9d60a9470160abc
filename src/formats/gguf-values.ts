import { TRUNCATED_HINT } from './bytes.js';
import type { MetadataValue, NumericArray } from './checkpoint.js';
import type { GgufCursor } from './gguf-cursor.js';

/** The size of a numeric type, and how to read one number or an array of them. */
interface NumericType {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number | bigint;
  /** Wraps a buffer that holds nothing else, which is therefore aligned. */
  readonly array: (buffer: ArrayBufferLike) => NumericArray;
}

const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

/** Numeric metadata types by their number in the file. */
const NUMERIC: Readonly<Record<number, NumericType>> = {
  0: { bytes: 1, read: (view, at) => view.getUint8(at), array: (buffer) => new Uint8Array(buffer) },
  1: { bytes: 1, read: (view, at) => view.getInt8(at), array: (buffer) => new Int8Array(buffer) },
  2: { bytes: 2, read: (view, at) => view.getUint16(at, true), array: (buffer) => new Uint16Array(buffer) },
  3: { bytes: 2, read: (view, at) => view.getInt16(at, true), array: (buffer) => new Int16Array(buffer) },
  4: { bytes: 4, read: (view, at) => view.getUint32(at, true), array: (buffer) => new Uint32Array(buffer) },
  5: { bytes: 4, read: (view, at) => view.getInt32(at, true), array: (buffer) => new Int32Array(buffer) },
  6: { bytes: 4, read: (view, at) => view.getFloat32(at, true), array: (buffer) => new Float32Array(buffer) },
  10: {
    bytes: 8,
    read: (view, at) => safe(view.getBigUint64(at, true)),
    array: (b) => new BigUint64Array(b),
  },
  11: { bytes: 8, read: (view, at) => safe(view.getBigInt64(at, true)), array: (b) => new BigInt64Array(b) },
  12: {
    bytes: 8,
    read: (view, at) => view.getFloat64(at, true),
    array: (buffer) => new Float64Array(buffer),
  },
};

/** Real files nest arrays once, if ever. */
const MAX_ARRAY_DEPTH = 4;
/** Approximate memory of one element beyond its bytes in the file. */
const STRING_OVERHEAD_BYTES = 40;
const BOOLEAN_OVERHEAD_BYTES = 32;
const ARRAY_OVERHEAD_BYTES = 256;

function safe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * Reads a metadata value. A 64-bit integer becomes a number if that is exact, else a bigint. An array of numbers
 * becomes a typed array. A string that is not UTF-8 and a boolean that is neither 0 nor 1 are faults of the cursor.
 * @throws HoldfastError `E_GGUF` for a value after which reading cannot continue
 */
export async function readValue(cursor: GgufCursor, field: string): Promise<MetadataValue> {
  await cursor.need(4, field);
  const at = cursor.position;
  const type = cursor.u32();
  if (type === STRING) return cursor.string(field);
  if (type === BOOL) return (await readBooleans(cursor, 1, field))[0]!;
  if (type === ARRAY) return readArray(cursor, field, 1);
  const numeric = NUMERIC[type];
  if (numeric === undefined) return cursor.fail(`value type ${type} is unknown`, field, at);
  await cursor.need(numeric.bytes, field);
  return cursor.scalar(numeric.bytes, numeric.read);
}

async function readArray(cursor: GgufCursor, field: string, depth: number): Promise<MetadataValue> {
  await cursor.need(12, field);
  const at = cursor.position;
  const type = cursor.u32();
  const count = cursor.u64();
  const bytesEach = NUMERIC[type]?.bytes ?? { [BOOL]: 1, [STRING]: 8, [ARRAY]: 12 }[type];
  if (bytesEach === undefined) return cursor.fail(`array element type ${type} is unknown`, field, at);
  if (count * bytesEach > cursor.remaining) {
    const what = `an array claims ${count} elements of at least ${bytesEach} bytes, but the file has ${cursor.remaining} left`;
    return cursor.fail(what, field, at, TRUNCATED_HINT);
  }
  if (type === STRING) return readStrings(cursor, count, field);
  if (type === BOOL) return readBooleans(cursor, count, field);
  const numeric = NUMERIC[type];
  if (numeric !== undefined) return numeric.array((await cursor.copy(count * bytesEach, field)).buffer);
  if (depth === MAX_ARRAY_DEPTH)
    return cursor.fail(`arrays nested deeper than ${MAX_ARRAY_DEPTH}`, field, at);
  cursor.charge(count, ARRAY_OVERHEAD_BYTES, field);
  const values: MetadataValue[] = [];
  for (let i = 0; i < count; i++) values.push(await readArray(cursor, field, depth + 1));
  return values;
}

async function readStrings(cursor: GgufCursor, count: number, field: string): Promise<string[]> {
  cursor.charge(count, STRING_OVERHEAD_BYTES, field);
  const values: string[] = [];
  for (let i = 0; i < count; i++) {
    const value = cursor.string(field);
    values.push(typeof value === 'string' ? value : await value);
  }
  return values;
}

async function readBooleans(cursor: GgufCursor, count: number, field: string): Promise<boolean[]> {
  cursor.charge(count, BOOLEAN_OVERHEAD_BYTES, field);
  const at = cursor.position;
  const bytes = await cursor.copy(count, field);
  const odd = bytes.findIndex((byte) => byte > 1);
  if (odd >= 0) cursor.flaw(`a boolean of ${bytes[odd]} is neither 0 nor 1`, field, at + odd);
  return Array.from(bytes, (byte) => byte === 1);
}
