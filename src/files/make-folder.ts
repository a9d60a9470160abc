import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { syncFolder } from './sync-path.js';
import { unwritable } from './unwritable.js';

/**
 * Creates a folder and its parents, durably.
 * @param hint what to do if it cannot be created
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function makeFolder(path: string, hint?: string): Promise<void> {
  try {
    await makeLevels(resolve(path));
  } catch (cause) {
    throw unwritable(path, cause, hint);
  }
}

/**
 * Creates folders level by level. Node's own `recursive` option loops forever on file systems such as /proc that do not
 * allow new folders.
 */
async function makeLevels(path: string): Promise<void> {
  if (await isMade(path)) return;
  const above = dirname(path);
  if (above !== path) await makeLevels(above);
  await mkdir(path).catch(async (error: unknown) => {
    if (!(await isMade(path))) throw error; // another process may have created it
  });
  await syncFolder(above);
}

async function isMade(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}
