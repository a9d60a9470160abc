import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { HoldfastError, isMissing, readError } from '../../errors.js';
import { makeFolder, readText, writeWhole } from '../../files/index.js';
import { sha256 } from '../../hash.js';
import type { ForceFlag } from './overwrite.js';

/** A file that can be written again at any time, from results or options. */
export interface DerivedFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** The file that has the SHA-256 of each file that was written into a folder, by path. */
const LIST = 'written.json';
const Written = z.record(z.string(), z.array(z.string()));
type Written = z.infer<typeof Written>;

/**
 * Checks that the files which Holdfast wrote into a folder are unchanged, and that no other file is at one of these paths.
 * Call it before the work.
 * @param paths relative to the folder
 * @throws HoldfastError `E_UNWRITABLE` for the first file that may not be replaced, unless `--force` is given
 */
export async function refuseChanged(
  folder: string,
  paths: readonly string[],
  { force }: ForceFlag,
): Promise<void> {
  if (force === true) return;
  const written = await readWritten(folder, {});
  for (const path of new Set([...Object.keys(written), ...paths])) {
    refuseForeign(join(folder, path), await hashOf(join(folder, path)), written[path]);
  }
}

/** Refuses a file whose hash is none of those that were written; null: there is no file. */
function refuseForeign(file: string, hash: string | null, known: readonly string[] | undefined): void {
  if (hash === null || known?.includes(hash) === true) return;
  throw new HoldfastError(
    'E_UNWRITABLE',
    known === undefined
      ? 'the file exists, and nothing says that this command wrote it'
      : 'the file was changed since this command wrote it',
    { file, hint: 'Choose another --out, or replace it with --force' },
  );
}

/**
 * Writes files that can be derived again, and lists them in the folder's `written.json`. Replaces those that it wrote
 * before, and those that have the same content already.
 * @returns their paths
 * @throws HoldfastError `E_UNWRITABLE`, also for a file of someone else and a changed one, unless `--force` is given
 */
export async function writeDerived(
  folder: string,
  files: readonly DerivedFile[],
  { force }: ForceFlag,
): Promise<string[]> {
  const written = await readWritten(folder, { force });
  /** What is there while files are being replaced: those of before or the new ones. */
  const meanwhile: Written = { ...written };
  const listed: Written = { ...written };
  const paths: string[] = [];
  for (const { path, text } of files) {
    const file = join(folder, path);
    const [before, after] = [await hashOf(file), await sha256(text)];
    if (force !== true && before !== after) refuseForeign(file, before, written[path]);
    meanwhile[path] = before === null ? [after] : [before, after];
    listed[path] = [after];
    paths.push(file);
  }
  for (const parent of new Set([join(folder, LIST), ...paths].map(dirname))) await makeFolder(parent);
  const list = (hashes: Written): Promise<void> =>
    writeText(join(folder, LIST), `${JSON.stringify(hashes, null, 2)}\n`);
  await list(meanwhile);
  for (const [at, { text }] of files.entries()) await writeText(paths[at]!, text);
  await list(listed);
  return paths;
}

const writeText = (path: string, text: string): Promise<void> => writeWhole(path, [Buffer.from(text)]);

/**
 * Returns what was written into a folder; nothing if there is no list.
 * @throws HoldfastError `E_UNWRITABLE` for a file of that name that is no list, unless `--force` is given
 */
async function readWritten(folder: string, { force }: ForceFlag): Promise<Written> {
  const file = join(folder, LIST);
  const hash = await hashOf(file);
  if (hash === null) return {};
  try {
    return Written.parse(JSON.parse(await readText(file)));
  } catch {
    if (force !== true) refuseForeign(file, hash, undefined);
    return {};
  }
}

/** Returns the SHA-256 of a file; null if there is none. @throws HoldfastError `E_UNREADABLE` */
async function hashOf(file: string): Promise<string | null> {
  try {
    return await sha256(new Uint8Array(await readFile(file)));
  } catch (error) {
    if (isMissing(error)) return null;
    throw readError(file, error);
  }
}
