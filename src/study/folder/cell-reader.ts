import { basename, join } from 'node:path';
import { bytesIfThere, namesIn } from '../../files/index.js';
import { type CellBytes, type CellState, cellPath, findCellBytes, stateOf } from './folder.js';
import { addressIn, openPacks } from './packs.js';

/** Reads many cells of a folder. */
export interface CellReader {
  /** Returns whether the folder had a cell when the reader was opened. */
  has(address: string): boolean;
  /** Returns the bytes of a cell as they are in its file or a pack; null if it was missing when the reader was opened. */
  find(address: string): Promise<CellBytes | null>;
  /** Reads a cell. @throws HoldfastError `E_UNREADABLE` when its file exists but cannot be read */
  read(address: string): Promise<CellState>;
}

/**
 * Opens a folder to read many of its cells. It lists them once: asking the file system for each cell of a large study would take
 * much longer.
 * @throws HoldfastError `E_UNREADABLE` if a folder cannot be listed: its cells would seem to be missing
 */
export async function openCells(folder: string): Promise<CellReader> {
  const packs = openPacks(folder);
  const files = new Set<string>();
  const path = join(folder, 'cells');
  for (const name of await namesIn(path)) {
    for (const file of await namesIn(join(path, name))) files.add(basename(file, '.json'));
  }
  const has = (address: string): boolean => files.has(address) || packs.has(address);
  const find = async (address: string): Promise<CellBytes | null> => {
    const hasFile = files.has(address);
    if (hasFile) {
      const file = cellPath(folder, address);
      const bytes = await bytesIfThere(file);
      if (bytes !== null) return { file, bytes, isPacked: false };
    }
    const packed = packs.find(address);
    if (packed !== null && addressIn(packed.bytes) === address) return { ...packed, isPacked: true };
    if (!hasFile && !packs.has(address)) return null;
    return findCellBytes(folder, address); // its file was packed, or its pack replaced, since the folder was listed
  };
  return { has, find, read: async (address) => stateOf(await find(address), address) };
}
