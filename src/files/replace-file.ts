import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFile, syncFolder } from './sync-path.js';
import { unwritable } from './unwritable.js';

/** Ends the name of a file that is being written. */
export const TEMPORARY = '.tmp';

export interface ReplaceOptions {
  /** Names the temporary file after the writer, who must not write the same file twice at a time. */
  readonly writer?: string;
  /** What to do if the file cannot be written. */
  readonly hint?: string;
}

let written = 0;

/** A name under which to write a file until it is whole. Without a writer no two calls get the same one. */
export const temporaryName = (path: string, writer = `${process.pid}-${++written}`): string =>
  `${path}.${writer}${TEMPORARY}`;

/**
 * Replaces a file durably. `fill` writes the content to the path that it is given; at every moment the file under the
 * final name is the old one or the new one, whole. When this returns the new one is on the disk.
 * @throws HoldfastError `E_UNWRITABLE` naming the file
 */
export const replaceFile = (
  path: string,
  fill: (temporary: string) => Promise<void>,
  options: ReplaceOptions = {},
): Promise<void> => replaceFiles([path], ([temporary]) => fill(temporary!), options);

/**
 * Replaces files that are written side by side, each as {@link replaceFile} does.
 * @throws HoldfastError `E_UNWRITABLE` naming the file, or the first one where `fill` does not say which
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
