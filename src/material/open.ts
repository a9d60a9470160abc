import { readdirSync, readFileSync, statSync } from 'node:fs';
import { HoldfastError, isMissing, readError } from '../errors.js';
import { materialError } from './complaint.js';

const MAX_BYTES = 16 * 2 ** 20;

/**
 * Reads the text of a file of material.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, or `E_MATERIAL` if the file is too large or not UTF-8
 */
export function materialText(file: string): string {
  let bytes: Buffer;
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES)
      throw materialError(`the file is larger than ${MAX_BYTES} bytes: ${size}`, { file });
    bytes = readFileSync(file);
  } catch (cause) {
    throw cause instanceof HoldfastError ? cause : readError(file, cause);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw materialError('not UTF-8', { file }, 'Save the file as UTF-8');
  }
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
