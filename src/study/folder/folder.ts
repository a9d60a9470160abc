import { randomBytes } from 'node:crypto';
import { readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isMissing, readError } from '../../errors.js';
import { type Lock, tryLock } from '../../lock.js';
import type { CellRecord, CellTiming } from '../plan/index.js';
import { decodeCellFile, encodeCellFile } from './cell-file.js';
import { appendLine, makeFolder, replaceFile, TEMPORARY, unwritable } from './durable.js';

/** A folder with the results of a study, open for writing. What lies where: `docs/guide/study-results.md`. */
export interface StudyFolder {
  readonly path: string;
  /** The path that every process sees alike; locks are named after it. */
  readonly realPath: string;
  /** Marks temporary files as this process's own. */
  readonly writer: string;
  close(): Promise<void>;
}

/**
 * Opens a folder, made where there is none, and takes away what killed processes left half-written.
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function openFolder(path: string): Promise<StudyFolder> {
  await makeFolder(join(path, 'cells'));
  const writer = randomBytes(8).toString('hex');
  const lock = await tryLock(writerLock(writer));
  await removeLeftovers(path);
  return { path, realPath: await realpath(path), writer, close: async () => lock?.release() };
}

export const lockGroup = ({ realPath }: StudyFolder, group: string): Promise<Lock | null> =>
  tryLock(`group ${realPath} ${group}`);

/** Held by a process as long as it may have temporary files. */
const writerLock = (writer: string): string => `writer ${writer}`;

const LEFTOVER = new RegExp(`\\.([0-9a-f]{16})\\${TEMPORARY}$`);

async function removeLeftovers(path: string): Promise<void> {
  const byWriter = new Map<string, string[]>();
  for (const name of await readdir(path, { recursive: true })) {
    const writer = LEFTOVER.exec(name)?.[1];
    if (writer !== undefined) byWriter.set(writer, [...(byWriter.get(writer) ?? []), join(path, name)]);
  }
  for (const [writer, files] of byWriter) {
    const lock = await tryLock(writerLock(writer));
    if (lock === null) continue; // it lives, and is writing
    for (const file of files) await rm(file, { force: true });
    await lock.release();
  }
}

export const cellPath = (folder: string, address: string): string =>
  join(folder, 'cells', address.slice(0, 2), `${address}.json`);

export type CellState =
  | { readonly kind: 'kept'; readonly record: CellRecord }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly file: string; readonly damage: string };

/** What there is of a cell. @throws HoldfastError `E_UNREADABLE` when its file is there and cannot be read */
export async function readCell(folder: string, address: string): Promise<CellState> {
  const file = cellPath(folder, address);
  const text = await readIfThere(file);
  if (text === null) return { kind: 'missing' };
  const decoded = decodeCellFile(text, address);
  if ('damage' in decoded) return { kind: 'damaged', file, damage: decoded.damage };
  return { kind: 'kept', record: decoded.record };
}

/** Keeps a record; it is on the disk when this returns. @throws HoldfastError `E_UNWRITABLE` */
export async function keepCell(
  { path, writer }: StudyFolder,
  address: string,
  record: CellRecord,
): Promise<void> {
  const file = cellPath(path, address);
  await makeFolder(dirname(file));
  await replaceFile(file, writer, (temporary) => writeFile(temporary, encodeCellFile(address, record)));
}

/** Renames a damaged cell, so that it can be looked at and is computed anew. Returns its new name. */
export async function setAside(file: string): Promise<string> {
  const aside = `${file}.damaged`;
  try {
    await rename(file, aside);
  } catch (cause) {
    throw unwritable(aside, cause);
  }
  return aside;
}

const Timing = z.object({
  address: z.string(),
  totalMs: z.number(),
  executorMs: z.number(),
  decodedTokens: z.number(),
});

const timingsPath = (folder: string): string => join(folder, 'timings.jsonl');

export const keepTiming = ({ path }: StudyFolder, timing: CellTiming): Promise<void> =>
  appendLine(timingsPath(path), JSON.stringify(timing));

/**
 * Times of cells, one each, the latest where one was computed again. They are an aid and no result: a line that a
 * failing machine tore is left out.
 */
export async function readTimings(folder: string): Promise<ReadonlyMap<string, CellTiming>> {
  const timings = new Map<string, CellTiming>();
  for (const line of ((await readIfThere(timingsPath(folder))) ?? '').split('\n')) {
    const timing = Timing.safeParse(parseJson(line));
    if (timing.success) timings.set(timing.data.address, timing.data);
  }
  return timings;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of a file, null when there is none. @throws HoldfastError `E_UNREADABLE` */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw readError(path, cause);
  }
}
