import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { hasCode } from '../errors.js';

/** Windows cannot flush a folder; the journal of NTFS protects its entries. */
const flushesFolders = (): boolean => process.platform !== 'win32';

/** Flushes a file's content to disk. */
export async function syncFile(path: string): Promise<void> {
  // Windows flushes only files that are open for writing.
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What file systems answer that cannot flush a folder, such as some on a network. They have no other way. */
const NOT_POSSIBLE: readonly unknown[] = ['EINVAL', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'];

function throwUnlessNotPossible(error: unknown): void {
  if (!hasCode(error, NOT_POSSIBLE)) throw error;
}

/** Flushes a folder to disk. A file's name is stored in its folder, which is written separately from the file. */
export async function syncFolder(path: string): Promise<void> {
  if (!flushesFolders()) return;
  const folder = await open(path, 'r');
  try {
    await folder.sync().catch(throwUnlessNotPossible);
  } finally {
    await folder.close();
  }
}

/** Does the same as {@link syncFolder}, synchronously. */
export function syncFolderNow(path: string): void {
  if (!flushesFolders()) return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } catch (error) {
    throwUnlessNotPossible(error);
  } finally {
    closeSync(folder);
  }
}
