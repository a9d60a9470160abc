import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Windows refuses to flush a folder; NTFS keeps its names safe by a journal. */
const flushesFolders = (): boolean => process.platform !== 'win32';

/** Returns when a file's content is on the disk. */
export async function syncFile(path: string): Promise<void> {
  // Windows flushes only what is open for writing.
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Returns when the names in a folder are on the disk: a file's name is part of its folder, which is written apart. */
export async function syncFolder(path: string): Promise<void> {
  if (!flushesFolders()) return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** {@link syncFolder} for writers that do not wait. */
export function syncFolderNow(path: string): void {
  if (!flushesFolders()) return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
