import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFile, syncFolder } from './sync-path.js';
import { unwritable } from './unwritable.js';

/** The suffix of a file that is being written. */
export const TEMPORARY = '.tmp';

export interface ReplaceOptions {
  /** Part of the temporary file's name. A writer must not write the same file twice at the same time. */
  readonly writer?: string;
  /** What to do if the file cannot be written. */
  readonly hint?: string;
}

let written = 0;

/** Returns the temporary name of a file until it is complete. Without a writer, every call returns a different name. */
export const temporaryName = (path: string, writer = `${process.pid}-${++written}`): string =>
  `${path}.${writer}${TEMPORARY}`;

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
  const temporaries = paths.map((path) => temporaryName(path, writer));
  let at = 0;
  try {
    await fill(temporaries);
    for (; at < paths.length; at++) {
      await syncFile(temporaries[at]!);
      await rename(temporaries[at]!, paths[at]!);
      await syncFolder(dirname(paths[at]!));
    }
  } catch (cause) {
    // Report why writing failed, not why cleaning up did.
    for (const temporary of temporaries) await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(paths[at]!, cause, hint);
  }
}
