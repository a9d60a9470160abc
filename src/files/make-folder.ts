import { mkdir } from 'node:fs/promises';
import { HoldfastError } from '../errors.js';

/** Makes a folder and those above it. @throws HoldfastError `E_UNWRITABLE` */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('E_UNWRITABLE', `the folder cannot be made: ${why}`, { file: path, cause });
  }
}
