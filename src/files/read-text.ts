import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { readError } from '../errors.js';
import { decodeUtf8 } from '../utf8.js';

/**
 * Reads a text file in UTF-8, with or without a byte order mark.
 * @param hint what to do if the file does not exist
 * @throws HoldfastError `E_NOT_FOUND`; `E_UNREADABLE` if it cannot be read or is not UTF-8
 */
export async function readText(path: string, hint?: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw readError(path, cause, hint);
  });
  return decodeUtf8(bytes, path);
}

/** Does the same as {@link readText}, synchronously. */
export function readTextNow(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw readError(path, cause);
  }
  return decodeUtf8(bytes, path);
}
