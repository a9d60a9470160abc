import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { isMissing, readError } from '../errors.js';

/**
 * Returns the names in a folder; none if there is no such folder. One that cannot be read is not taken for an empty one.
 * @throws HoldfastError `E_UNREADABLE`
 */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((cause: unknown) => noneIfMissing(folder, cause));
}

/** Does the same as {@link namesIn}, synchronously. */
export function namesInNow(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    return noneIfMissing(folder, cause);
  }
}

function noneIfMissing(folder: string, cause: unknown): string[] {
  if (isMissing(cause)) return [];
  throw readError(folder, cause);
}
