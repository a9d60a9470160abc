import { open, rm } from 'node:fs/promises';
import type { HoldfastError } from '../../errors.js';
import * as files from '../../files/index.js';

/** What to do about a file of a study that cannot be written. */
const HINT = 'Free disk space or fix the permissions, then run the study again: all finished cells are kept';

/** {@link files.replaceFile} with a study's hint. @throws HoldfastError `E_UNWRITABLE` */
export const replaceFile = (
  path: string,
  writer: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> => files.replaceFile(path, fill, { writer, hint: HINT });

/** {@link files.replaceFiles} with a study's hint. @throws HoldfastError `E_UNWRITABLE` */
export const replaceFiles = (
  paths: readonly string[],
  writer: string,
  fill: (temporaries: readonly string[]) => Promise<void>,
): Promise<void> => files.replaceFiles(paths, fill, { writer, hint: HINT });

/** Creates a folder of a study and its parents. @throws HoldfastError `E_UNWRITABLE` */
export const makeFolder = (path: string): Promise<void> => files.makeFolder(path, HINT);

/** Removes a file of a study, if it is there. @throws HoldfastError `E_UNWRITABLE` */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true }).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
}

/** Appends a line in a single write, so that processes do not mix their lines. @throws HoldfastError `E_UNWRITABLE` */
export async function appendLine(path: string, line: string): Promise<void> {
  try {
    const file = await open(path, 'a');
    try {
      await file.appendFile(`${line}\n`);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Returns an `E_UNWRITABLE` error for a failed write; a {@link HoldfastError} is returned unchanged. */
export const unwritable = (path: string, cause: unknown): HoldfastError =>
  files.unwritable(path, cause, HINT);
