import { readdirSync, readFileSync, statSync } from 'node:fs';
import { HoldfastError } from '../errors.js';
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
    throw cause instanceof HoldfastError ? cause : unreadable(file, cause);
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
    throw unreadable(folder, cause);
  }
}

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';

const unreadable = (file: string, cause: unknown): HoldfastError =>
  isMissing(cause)
    ? new HoldfastError('E_NOT_FOUND', 'there is nothing there', { file, cause })
    : new HoldfastError('E_UNREADABLE', 'it cannot be read', { file, cause });
