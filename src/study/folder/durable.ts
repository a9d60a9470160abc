import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HoldfastError } from '../../errors.js';

/** Ends the name of a file that is being written; before it stands who writes it (see `runner.ts`). */
export const TEMPORARY = '.tmp';

/**
 * Replaces a file durably: when this returns the new content is on the disk under its name, and at any moment before
 * the old one is, whole. `fill` writes the content to the path that it is given.
 * @param writer tells apart who writes the same file at the same time
 * @throws HoldfastError `E_UNWRITABLE` naming the file
 */
export const replaceFile = (
  path: string,
  writer: string,
  fill: (temporary: string) => Promise<void>,
): Promise<void> => replaceFiles([path], writer, ([temporary]) => fill(temporary!));

/**
 * Replaces files that are written side by side, each as `replaceFile` does.
 * @throws HoldfastError `E_UNWRITABLE` naming the first, where `fill` does not say which
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
      await syncPath(dirname(paths[at]!)); // the name is part of the folder, which is written on its own
    }
  } catch (cause) {
    // What failed is told; what cannot be taken away now goes with the next run.
    for (const temporary of temporaries) await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(paths[at]!, cause);
  }
}

/** Makes a folder, and everything above it, durably. @throws HoldfastError `E_UNWRITABLE` */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeLevels(resolve(path));
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/**
 * Level by level: Node's own `recursive` goes round in circles where a file system will have nothing made in a folder that
 * is there, as /proc does.
 */
async function makeLevels(path: string): Promise<void> {
  if (await isMade(path)) return;
  const above = dirname(path);
  if (above !== path) await makeLevels(above);
  await mkdir(path).catch(async (error: unknown) => {
    if (!(await isMade(path))) throw error; // another process may have been first
  });
  await syncPath(above);
}

async function isMade(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

/** Adds a line to a file in one write, so that lines of several processes do not mix. @throws HoldfastError `E_UNWRITABLE` */
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

export function unwritable(path: string, cause: unknown): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HoldfastError('E_UNWRITABLE', `it cannot be written: ${why}`, {
    file: path,
    hint: 'Everything reported before is kept: make room or mend permissions, and run the study again',
    cause,
  });
}
