import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { renameFile } from './rename-file.js';
import { syncFile, syncFolder } from './sync-path.js';
import { removeLeftovers, temporaryName } from './temporary-name.js';
import { unwritable } from './unwritable.js';

export interface ReplaceOptions {
  /**
   * Part of the temporary file's name. A writer must not write the same file twice at the same time, and sees to what it
   * leaves when it is killed; what is left without one goes when the file is written again.
   */
  readonly writer?: string;
  /** What to do if the file cannot be written. */
  readonly hint?: string;
}

/**
 * Replaces a file durably. `fill` writes the content to the path that it is given. The file under the final name is always
 * the complete old one or the complete new one. When this returns, the new one is on disk.
 * @throws HoldfastError `E_UNWRITABLE` naming the file
 */
export const replaceFile = (
  path: string,
  fill: (temporary: string) => Promise<void>,
  options: ReplaceOptions = {},
): Promise<void> => replaceFiles([path], ([temporary]) => fill(temporary!), options);

/**
 * Replaces several files that are written together, each as {@link replaceFile} does.
 * @throws HoldfastError `E_UNWRITABLE` naming the file, or the first one if `fill` does not name it
 */
export async function replaceFiles(
  paths: readonly string[],
  fill: (temporaries: readonly string[]) => Promise<void>,
  { writer, hint }: ReplaceOptions = {},
): Promise<void> {
  if (writer === undefined) paths.forEach(removeLeftovers);
  const temporaries = paths.map((path) => temporaryName(path, writer));
  let at = 0;
  try {
    await fill(temporaries);
    for (; at < paths.length; at++) {
      await syncFile(temporaries[at]!);
      await renameFile(temporaries[at]!, paths[at]!);
      await syncFolder(dirname(paths[at]!));
    }
  } catch (cause) {
    // Report why writing failed, not why cleaning up did.
    for (const temporary of temporaries) await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(paths[at]!, cause, hint);
  }
}
