import { HoldfastError } from './errors.js';

/** The byte order marks of other encodings, longest first: that of UTF-32 LE begins with that of UTF-16 LE. */
const OTHER_MARKS: readonly (readonly [mark: readonly number[], encoding: string])[] = [
  [[0xff, 0xfe, 0x00, 0x00], 'UTF-32 LE'],
  [[0x00, 0x00, 0xfe, 0xff], 'UTF-32 BE'],
  [[0xff, 0xfe], 'UTF-16 LE'],
  [[0xfe, 0xff], 'UTF-16 BE'],
];

/** Characters of several bytes: their first bytes, their length, and their second bytes (Unicode 16, table 3-7). */
const CHARACTERS: readonly {
  readonly first: readonly [number, number];
  readonly length: number;
  readonly second: readonly [number, number];
}[] = [
  { first: [0xc2, 0xdf], length: 2, second: [0x80, 0xbf] },
  { first: [0xe0, 0xe0], length: 3, second: [0xa0, 0xbf] },
  { first: [0xe1, 0xec], length: 3, second: [0x80, 0xbf] },
  { first: [0xed, 0xed], length: 3, second: [0x80, 0x9f] },
  { first: [0xee, 0xef], length: 3, second: [0x80, 0xbf] },
  { first: [0xf0, 0xf0], length: 4, second: [0x90, 0xbf] },
  { first: [0xf1, 0xf3], length: 4, second: [0x80, 0xbf] },
  { first: [0xf4, 0xf4], length: 4, second: [0x80, 0x8f] },
];

/**
 * Decodes a text in UTF-8. A byte order mark at its start is removed, as by Python's `utf-8-sig`; one further on is a
 * character like any other.
 * @param file the name for errors
 * @param start offset of the bytes in the file, for errors
 * @throws HoldfastError `E_UNREADABLE` with the offset, counted from 0, of the first byte that is not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array, file: string, start = 0): string {
  const other = start === 0 ? otherEncoding(bytes) : null;
  if (other !== null) throw notUtf8(`the text is ${other}, not UTF-8`, file, 0);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: start > 0 }).decode(bytes);
  } catch {
    const { offset, cut } = firstInvalid(bytes);
    const byte = bytes[offset]!.toString(16).padStart(2, '0');
    const why = cut ? 'it ends inside a character' : `invalid byte 0x${byte}`;
    throw notUtf8(`the text is not UTF-8: ${why}`, file, start + offset);
  }
}

function notUtf8(what: string, file: string, offset: number): HoldfastError {
  return new HoldfastError('E_UNREADABLE', what, { file, offset, hint: 'Save it as UTF-8' });
}

/** Recognises UTF-16 and UTF-32 by their byte order marks, and UTF-16 without one by the zero beside the first letter. */
function otherEncoding(bytes: Uint8Array): string | null {
  const marked = OTHER_MARKS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte));
  if (marked !== undefined) return `${marked[1]} with a byte order mark`;
  const [first, second] = bytes;
  if (bytes.length < 2 || (first === 0) === (second === 0)) return null;
  return `${first === 0 ? 'UTF-16 BE' : 'UTF-16 LE'} without a byte order mark`;
}

/** Returns the offset of the first character that is not valid, and whether it is valid but cut off by the end. */
function firstInvalid(bytes: Uint8Array): { readonly offset: number; readonly cut: boolean } {
  const isIn = (byte: number | undefined, [low, high]: readonly [number, number]): boolean =>
    byte !== undefined && byte >= low && byte <= high;
  let offset = 0;
  while (offset < bytes.length) {
    const first = bytes[offset]!;
    if (first < 0x80) {
      offset++;
      continue;
    }
    const character = CHARACTERS.find((each) => isIn(first, each.first));
    if (character === undefined) return { offset, cut: false };
    const rest = Array.from(bytes.subarray(offset + 1, offset + character.length));
    const isValid = rest.every((byte, at) => isIn(byte, at === 0 ? character.second : [0x80, 0xbf]));
    if (!isValid) return { offset, cut: false };
    if (rest.length < character.length - 1) return { offset, cut: true };
    offset += character.length;
  }
  return { offset, cut: false };
}

/** Half of a surrogate pair, without the other half. */
export const HALF_PAIR = /\p{Cs}/u;

/**
 * Returns the path to a string with half of a surrogate pair in a JSON value; null if there is none. UTF-8 cannot write
 * such a string: encoders put U+FFFD in its place. Names of fields are strings too.
 */
export function halfPairIn(json: unknown): readonly string[] | null {
  const waiting: Place[] = [{ value: json, name: '', parent: null }];
  for (const place of waiting) {
    const { value } = place;
    if (typeof value === 'string' && HALF_PAIR.test(value)) return pathTo(place);
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, inner] of Object.entries(value)) {
      if (HALF_PAIR.test(name)) return pathTo(place);
      waiting.push({ value: inner, name, parent: place });
    }
  }
  return null;
}

/** A value in a JSON value. It has its parent, not its path: in a text of nothing but brackets, paths would fill the memory. */
interface Place {
  readonly value: unknown;
  readonly name: string;
  readonly parent: Place | null;
}

function pathTo(place: Place): readonly string[] {
  const path: string[] = [];
  for (let at = place; at.parent !== null; at = at.parent) path.push(at.name);
  return path.reverse();
}
