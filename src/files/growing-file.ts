import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { renameFileNow } from './rename-file.js';
import { syncFolderNow } from './sync-path.js';
import { removeLeftovers, temporaryName } from './temporary-name.js';
import { unwritable } from './unwritable.js';

/** A file that grows under a temporary name and gets its final name when it is complete. */
export interface GrowingFile {
  readonly path: string;
  /** Writes bytes. The caller may reuse the buffer after it returns. */
  append(bytes: Uint8Array): void;
  /** Flushes everything to disk and gives the file its final name. */
  finish(): void;
  /** Deletes the temporary file, if it can be deleted; does nothing after `finish`. Does not throw. */
  discard(): void;
}

/**
 * Opens a new growing file. Removes what killed processes left of an earlier one.
 * @throws HoldfastError `E_UNWRITABLE`, here and in `append` and `finish`
 */
export function openGrowingFile(path: string): GrowingFile {
  removeLeftovers(path);
  const temporary = temporaryName(path);
  const attempt = <T>(action: () => T): T => {
    try {
      return action();
    } catch (cause) {
      throw unwritable(path, cause);
    }
  };
  const file = attempt(() => openSync(temporary, 'wx'));
  let open = true;
  const close = (): void => {
    open = false;
    closeSync(file);
  };
  return {
    path,
    append: (bytes) =>
      attempt(() => {
        // One call may write only part of the bytes.
        for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      }),
    finish: () =>
      attempt(() => {
        fsyncSync(file);
        close();
        renameFileNow(temporary, path);
        syncFolderNow(dirname(path));
      }),
    discard() {
      // Whoever discards a file knows what is wrong; what stays is removed when the file is written again.
      try {
        if (open) close();
        rmSync(temporary, { force: true });
      } catch {}
    },
  };
}
