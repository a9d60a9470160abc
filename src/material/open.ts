import { readdirSync, statSync } from 'node:fs';
import { HoldfastError, isMissing, readError } from '../errors.js';
import { readTextNow } from '../files/index.js';
import { materialError } from './complaint.js';

const MAX_BYTES = 16 * 2 ** 20;

/**
 * Reads the text of a file of material.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, or `E_MATERIAL` if the file is too large
 */
export function materialText(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES)
      throw materialError(`the file is larger than ${MAX_BYTES} bytes: ${size}`, { file });
  } catch (cause) {
    throw cause instanceof HoldfastError ? cause : readError(file, cause);
  }
  return readTextNow(file);
}

/** Returns the sorted names in a folder; null if it does not exist. */
export function namesIn(folder: string): string[] | null {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw readError(folder, cause);
  }
}
