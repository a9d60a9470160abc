import { readFile } from 'node:fs/promises';
import { isMissing, readError } from '../errors.js';
import { decodeUtf8 } from '../utf8.js';

/** Reads a text file. Returns null if it does not exist. @throws HoldfastError `E_UNREADABLE` */
export async function readIfThere(path: string): Promise<string | null> {
  const bytes = await bytesIfThere(path);
  return bytes && decodeUtf8(bytes, path);
}

/** Reads a file. Returns null if it does not exist. @throws HoldfastError `E_UNREADABLE` */
export async function bytesIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw readError(path, cause);
  }
}
