import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

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

/** Flushes a folder to disk. A file's name is stored in its folder, which is written separately from the file. */
export async function syncFolder(path: string): Promise<void> {
  if (!flushesFolders()) return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
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
  } finally {
    closeSync(folder);
  }
}
