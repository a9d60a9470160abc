import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFile } from './replace-file.js';
import { unwritable } from './unwritable.js';
import { writeAll } from './write-all.js';

/**
 * Checks that a file can be written at a path. Call it before the work whose result goes there.
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function checkWritable(path: string): Promise<void> {
  const folder = await statOf(dirname(path));
  if (folder?.isDirectory() !== true) {
    const name = dirname(path);
    throw unwritable(
      path,
      new Error(folder === null ? `there is no folder ${name}` : `${name} is not a folder`),
    );
  }
  if ((await statOf(path))?.isDirectory() === true) throw unwritable(path, new Error('it is a folder'));
}

/**
 * Writes a file completely or not at all: writes a temporary file beside it, then renames that. A file that it replaces
 * keeps its permissions: what only its owner could read stays so.
 * @throws HoldfastError `E_UNWRITABLE`
 */
export function writeWhole(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  return replaceFile(path, async (temporary) => {
    const replaced = await statOf(path);
    const mode = replaced === null ? 0o666 : replaced.mode & 0o777;
    const file = await open(temporary, 'wx', mode);
    try {
      // The mask of the process takes permissions away when a file is made.
      if (replaced !== null) await file.chmod(mode);
      for (const chunk of chunks) await writeAll(file, chunk);
    } finally {
      await file.close();
    }
  });
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch {
    return null;
  }
}
