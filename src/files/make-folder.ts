import { mkdir } from 'node:fs/promises';
import { HoldfastError } from '../errors.js';

/** Creates a folder and its parents. @throws HoldfastError `E_UNWRITABLE` */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('E_UNWRITABLE', `the folder cannot be created: ${why}`, { file: path, cause });
  }
}
