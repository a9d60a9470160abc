import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing, readError } from '../../errors.js';
import { namesInNow } from '../../files/index.js';
import { ADDRESS_AT, ADDRESS_LENGTH, isFailureLine } from './cell-file.js';

// A pack is a file of many cells, `packs/NAME.jsonl`: each line is what the cell's own file would contain. Reading a million
// small files takes minutes, and on a network file system hours; a pack is read in pieces of a megabyte.

/** A cell in a pack: its line, with the line break, and the file that has it. */
export interface PackedCell {
  readonly file: string;
  readonly bytes: Buffer;
}

/** Where the lines of a folder's packs are. */
interface PackIndex {
  /** When a pack was last added or replaced, in ns. */
  readonly changed: bigint;
  /** Paths of the packs. */
  readonly files: readonly string[];
  /** Number of a cell's place, by address. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Each place: index of the file, offset and length in bytes. */
  readonly places: readonly number[];
  /** The piece of each file that was read last. */
  readonly pieces: Map<string, Piece>;
}

interface Piece {
  readonly offset: number;
  readonly bytes: Buffer;
}

const PIECE_BYTES = 2 ** 20;
/** Pieces that are kept at once. */
const PIECES = 64;
const LINE_BREAK = 0x0a;

const indices = new Map<string, PackIndex>();

export const packsPath = (folder: string): string => join(folder, 'packs');

/** Returns the names of a folder's packs, sorted; none if it has no packs. @throws HoldfastError `E_UNREADABLE` */
export const packNames = (folder: string): string[] =>
  namesInNow(packsPath(folder))
    .filter((name) => name.endsWith('.jsonl'))
    .sort();

/** Finds a cell in the packs of a folder. Returns null if none has it. The packs are read again when one has changed. */
export function findPacked(folder: string, address: string): PackedCell | null {
  const index = indexOf(folder);
  return index === null ? null : findIn(index, address);
}

/** Finds cells in the packs that a folder has now. */
export interface Packs {
  has(address: string): boolean;
  /** Returns what is at the place of a cell; null if it was in no pack. Another cell is there if the pack was replaced since. */
  find(address: string): PackedCell | null;
}

/** Opens the packs of a folder. Unlike {@link findPacked}, it does not look for changes at every cell. */
export function openPacks(folder: string): Packs {
  const index = indexOf(folder);
  if (index === null) return { has: () => false, find: () => null };
  return {
    has: (address) => index.numbers.has(address),
    find: (address) => findIn(index, address),
  };
}

function findIn(index: PackIndex, address: string): PackedCell | null {
  const number = index.numbers.get(address);
  if (number === undefined) return null;
  const { files, places } = index;
  const file = files[places[3 * number]!]!;
  const bytes = readPiece(index, file, places[3 * number + 1]!, places[3 * number + 2]!);
  return bytes && { file, bytes };
}

function indexOf(folder: string): PackIndex | null {
  const changed = changedAt(packsPath(folder));
  if (changed === undefined) return null;
  const known = indices.get(folder);
  if (known?.changed === changed) return known;
  const index = readIndex(folder, changed);
  indices.set(folder, index);
  return index;
}

/** Returns when a folder was changed, in ns; undefined if there is none. @throws HoldfastError `E_UNREADABLE` */
function changedAt(folder: string): bigint | undefined {
  try {
    return statSync(folder, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
  } catch (cause) {
    throw readError(folder, cause);
  }
}

function readIndex(folder: string, changed: bigint): PackIndex {
  const files = packNames(folder).map((name) => join(packsPath(folder), name));
  const numbers = new Map<string, number>();
  const places: number[] = [];
  for (const [file, path] of files.entries()) {
    for (const { address, line, offset } of cellsOfPack(path)) {
      // A failure in one pack may have been computed again in another.
      if (numbers.has(address) && isFailureLine(line)) continue;
      numbers.set(address, places.length / 3);
      places.push(file, offset, line.length);
    }
  }
  return { changed, files, numbers, places, pieces: new Map() };
}

/** A cell's line in a pack, with its line break. */
interface PackLine {
  readonly address: string;
  readonly line: Buffer;
  readonly offset: number;
}

/** Yields the cells of a pack; none if it does not exist. @throws HoldfastError `E_UNREADABLE` */
export function* cellsOfPack(path: string): Generator<PackLine> {
  for (const { line, offset } of linesOf(path)) {
    yield { address: addressIn(line), line, offset };
  }
}

/** Returns the address in the bytes of a cell. */
export const addressIn = (line: Buffer): string =>
  line.toString('latin1', ADDRESS_AT, ADDRESS_AT + ADDRESS_LENGTH);

/**
 * Yields the lines of a file with their line breaks; also a last one without. None if the file does not exist.
 * @throws HoldfastError `E_UNREADABLE`
 */
export function* linesOf(path: string): Generator<{ readonly line: Buffer; readonly offset: number }> {
  const file = openIfThere(path);
  if (file === null) return;
  try {
    let rest = Buffer.alloc(0);
    let offset = 0; // of the rest
    for (;;) {
      const piece = Buffer.allocUnsafe(4 * PIECE_BYTES);
      const read = readBytes(path, file, piece, null);
      const bytes = Buffer.concat([rest, piece.subarray(0, read)]);
      let start = 0;
      for (let end = bytes.indexOf(LINE_BREAK); end !== -1; end = bytes.indexOf(LINE_BREAK, start)) {
        yield { line: bytes.subarray(start, end + 1), offset: offset + start };
        start = end + 1;
      }
      rest = bytes.subarray(start);
      offset += start;
      if (read === 0) break;
    }
    if (rest.length > 0) yield { line: rest, offset };
  } finally {
    closeSync(file);
  }
}

/**
 * Reads bytes of a file, and what follows them, because neighbours in a pack are mostly read one after the other. Returns null
 * if the file is there no longer.
 */
function readPiece({ pieces }: PackIndex, path: string, offset: number, length: number): Buffer | null {
  const known = pieces.get(path);
  const from = offset - (known?.offset ?? 0);
  if (known !== undefined && from >= 0 && from + length <= known.bytes.length) {
    return known.bytes.subarray(from, from + length);
  }
  const file = openIfThere(path);
  if (file === null) return null;
  const bytes = Buffer.alloc(Math.max(PIECE_BYTES, length));
  try {
    const read = readBytes(path, file, bytes, offset);
    if (pieces.size >= PIECES) pieces.clear();
    pieces.set(path, { offset, bytes: bytes.subarray(0, read) });
    return bytes.subarray(0, Math.min(length, read));
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw readError(path, cause);
  }
}

/** Fills bytes from a position on; null: where the last read ended. Returns the number of bytes read. */
function readBytes(path: string, file: number, into: Buffer, position: number | null): number {
  try {
    return readSync(file, into, 0, into.length, position);
  } catch (cause) {
    throw readError(path, cause);
  }
}
