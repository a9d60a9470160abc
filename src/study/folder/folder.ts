import { randomBytes } from 'node:crypto';
import { readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { isMissing, readError } from '../../errors.js';
import { TEMPORARY } from '../../files/index.js';
import { type Lock, tryLock } from '../../lock.js';
import { decodeUtf8 } from '../../utf8.js';
import type { CellRecord, CellTiming } from '../plan/index.js';
import { decodeCellFile, encodeCellFile } from './cell-file.js';
import { appendLine, makeFolder, replaceFile, unwritable } from './durable.js';

/** The results folder of a study, open for writing. `docs/guide/study-results.md` describes its files. */
export interface StudyFolder {
  readonly path: string;
  /** The canonical path, the same for all processes. Locks are named after it. */
  readonly realPath: string;
  /** Id of this writer, part of the names of its temporary files. */
  readonly writer: string;
  close(): Promise<void>;
}

/**
 * Opens a folder, creating it if needed, and removes temporary files that killed processes left.
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function openFolder(path: string): Promise<StudyFolder> {
  await makeFolder(join(path, 'cells'));
  const writer = randomBytes(8).toString('hex');
  const lock = await tryLock(writerLock(writer));
  await removeLeftovers(path);
  return { path, realPath: await realpath(path), writer, close: async () => lock?.release() };
}

/** Locks a group of cells. Returns null if another process holds the lock. */
export const lockGroup = ({ realPath }: StudyFolder, group: string): Promise<Lock | null> =>
  tryLock(`group ${realPath} ${group}`);

/** Runs an action on the folder's study while no other process does. */
export async function alone<T>({ realPath }: StudyFolder, action: () => Promise<T>): Promise<T> {
  for (;;) {
    const lock = await tryLock(`study ${realPath}`);
    if (lock === null) {
      await pause(LOCKED_PAUSE_MS);
      continue;
    }
    try {
      return await action();
    } finally {
      await lock.release();
    }
  }
}

const LOCKED_PAUSE_MS = 20;

/** Name of the lock that a writer holds as long as it may have temporary files. */
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
    if (lock === null) continue; // the writer is still running
    for (const file of files) await rm(file, { force: true });
    await lock.release();
  }
}

/** Returns the path of a cell file. */
export const cellPath = (folder: string, address: string): string =>
  join(folder, 'cells', address.slice(0, 2), `${address}.json`);

/** Returns whether a cell of the folder has been computed. */
export async function hasCells(folder: string): Promise<boolean> {
  const path = join(folder, 'cells');
  for (const name of await readdir(path).catch(() => [])) {
    if ((await readdir(join(path, name))).some((file) => file.endsWith('.json'))) return true;
  }
  return false;
}

/** The state of a cell in a folder. */
export type CellState =
  | { readonly kind: 'kept'; readonly record: CellRecord }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly file: string; readonly damage: string };

/** Reads a cell. @throws HoldfastError `E_UNREADABLE` when its file exists but cannot be read */
export async function readCell(folder: string, address: string): Promise<CellState> {
  const file = cellPath(folder, address);
  const bytes = await bytesIfThere(file);
  if (bytes === null) return { kind: 'missing' };
  // The checksum also finds bytes that are not UTF-8.
  const decoded = decodeCellFile(bytes.toString(), address);
  if ('damage' in decoded) return { kind: 'damaged', file, damage: decoded.damage };
  return { kind: 'kept', record: decoded.record };
}

/** Writes a cell's record durably: it is on disk when this returns. @throws HoldfastError `E_UNWRITABLE` */
export async function keepCell(
  { path, writer }: StudyFolder,
  address: string,
  record: CellRecord,
): Promise<void> {
  const file = cellPath(path, address);
  await makeFolder(dirname(file));
  await replaceFile(file, writer, (temporary) => writeFile(temporary, encodeCellFile(address, record)));
}

/**
 * Renames a damaged cell file, so that the cell is computed again and the file can be inspected.
 * @returns the new name
 * @throws HoldfastError `E_UNWRITABLE`
 */
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
  device: z.string().optional(),
});

const timingsPath = (folder: string): string => join(folder, 'timings.jsonl');

/** Appends the timing of a cell. @throws HoldfastError `E_UNWRITABLE` */
export const keepTiming = ({ path }: StudyFolder, timing: CellTiming): Promise<void> =>
  appendLine(timingsPath(path), JSON.stringify(timing));

/**
 * Reads the timings of cells: the latest one of each. They serve estimates and are not results, so a broken line (from a
 * crash of the machine) is skipped.
 */
export async function readTimings(folder: string): Promise<ReadonlyMap<string, CellTiming>> {
  const timings = new Map<string, CellTiming>();
  const bytes = await bytesIfThere(timingsPath(folder));
  for (const line of (bytes ?? Buffer.alloc(0)).toString().split('\n')) {
    const timing = Timing.safeParse(parseJson(line));
    if (timing.success) timings.set(timing.data.address, timing.data);
  }
  return timings;
}

/** Parses JSON; undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads a text file. Returns null if it does not exist. @throws HoldfastError `E_UNREADABLE` */
export async function readIfThere(path: string): Promise<string | null> {
  const bytes = await bytesIfThere(path);
  return bytes && decodeUtf8(bytes, path);
}

/** Reads a file. Returns null if it does not exist. @throws HoldfastError `E_UNREADABLE` */
async function bytesIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw readError(path, cause);
  }
}
