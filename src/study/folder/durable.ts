import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HoldfastError } from '../../errors.js';

/** Suffix of a file that is being written, after the id of its writer (see `folder.ts`). */
export const TEMPORARY = '.tmp';

/**
 * Replaces a file durably: once this returns, the new content is on disk; until then the old file is intact. `fill`
 * writes the content to the path that it is given.
 * @param writer id of the writer, so that two can write the same file at the same time
 * @throws HoldfastError `E_UNWRITABLE` naming the file
 */
export const replaceFile = (
  path: string,
  writer: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> => replaceFiles([path], writer, ([temporary]) => fill(temporary!));

/**
 * Replaces files that are written together, each as {@link replaceFile} does.
 * @throws HoldfastError `E_UNWRITABLE` naming the file; the first one if `fill` fails without naming one
 */
export async function replaceFiles(
  paths: readonly string[],
  writer: string,
  fill: (temporaries: readonly string[]) => Promise<void>,
): Promise<void> {
  const temporaries = paths.map((path) => `${path}.${writer}${TEMPORARY}`);
  let at = 0;
  try {
    await fill(temporaries);
    for (; at < paths.length; at++) {
      await syncPath(temporaries[at]!);
      await rename(temporaries[at]!, paths[at]!);
      await syncPath(dirname(paths[at]!)); // the new name is stored in the folder, which needs its own sync
    }
  } catch (cause) {
    // Report the first failure. Temporary files that cannot be removed now are removed by the next run.
    for (const temporary of temporaries) await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(paths[at]!, cause);
  }
}

/** Creates a folder and its parents durably. @throws HoldfastError `E_UNWRITABLE` */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeLevels(resolve(path));
  } catch (cause) {
    throw unwritable(path, cause);
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
  await syncPath(above);
}

async function isMade(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
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

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Returns an `E_UNWRITABLE` error for a failed write; a {@link HoldfastError} is returned unchanged. */
export function unwritable(path: string, cause: unknown): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new HoldfastError('E_UNWRITABLE', `cannot write: ${reason}`, {
    file: path,
    hint: 'Free disk space or fix the permissions, then run the study again: all finished cells are kept',
    cause,
  });
}
