import { readdirSync, readFileSync, statSync } from 'node:fs';
import { HoldfastError, isMissing, readError } from '../errors.js';
import { materialError } from './complaint.js';

const MAX_BYTES = 16 * 2 ** 20;

/**
 * The text of a file of material.
 * @throws HoldfastError `E_NOT_FOUND`, `E_UNREADABLE`, `E_MATERIAL` for one that is larger than any such file
 */
export function readText(file: string): string {
  let bytes: Buffer;
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES)
      throw materialError(`${size} bytes; files of material have at most ${MAX_BYTES}`, { file });
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

/** Names in a folder, in order; null where there is none. */
export function namesIn(folder: string): string[] | null {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw readError(folder, cause);
  }
}
