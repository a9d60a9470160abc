import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { readError } from '../../errors.js';
import { bytesIfThere, namesIn, TEMPORARY } from '../../files/index.js';
import { grouped } from '../../grouped.js';
import { type Lock, lockReach, tryLock } from '../../lock.js';
import type { CellRecord, CellTiming } from '../plan/index.js';
import { decodeCellFile, encodeCellFile, sha256 } from './cell-file.js';
import { appendLine, makeFolder, removeFile, replaceFile, unwritable } from './durable.js';
import { findPacked, linesOf, packNames } from './packs.js';

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
 * @throws HoldfastError `E_UNWRITABLE`; `E_UNREADABLE`
 */
export async function openFolder(path: string): Promise<StudyFolder> {
  await makeFolder(join(path, 'cells'));
  const reach = sha256(await lockReach()).slice(0, REACH_DIGITS);
  const writer = `${reach}${randomBytes(8).toString('hex')}`;
  const lock = await tryLock(writerLock(writer));
  await removeLeftovers(path, reach);
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

/** Hex digits of a writer's id that say which processes see its lock. */
const REACH_DIGITS = 8;

/** Ids of older versions have 16 digits and do not say whose lock it is. */
const LEFTOVER = new RegExp(`\\.([0-9a-f]{16}|[0-9a-f]{24})\\${TEMPORARY}$`);

/** A temporary file of another machine is removed after this time: nobody writes one file for so long. */
const FOREIGN_MS = 24 * 3600_000;

/**
 * Removes temporary files of processes that have ended. The locks of other machines on the same folder cannot be seen, so
 * their files are judged by age.
 */
async function removeLeftovers(path: string, reach: string): Promise<void> {
  const names = await readdir(path, { recursive: true }).catch((cause: unknown) => {
    throw readError(path, cause);
  });
  for (const [writer, leftovers] of grouped(names, (name) => LEFTOVER.exec(name)?.[1])) {
    if (writer === undefined) continue; // files that stay
    const files = leftovers.map((name) => join(path, name));
    if (writer.length !== REACH_DIGITS + 16 || !writer.startsWith(reach)) {
      for (const file of files) if (await isOlderThan(FOREIGN_MS, file)) await removeFile(file);
      continue;
    }
    const lock = await tryLock(writerLock(writer));
    if (lock === null) continue; // the writer is still running
    for (const file of files) await removeFile(file);
    await lock.release();
  }
}

async function isOlderThan(ms: number, file: string): Promise<boolean> {
  const found = await stat(file).catch(() => null); // its writer may have just renamed it
  return found !== null && Date.now() - found.mtimeMs > ms;
}

/** Returns the path of a cell file. */
export const cellPath = (folder: string, address: string): string =>
  join(folder, 'cells', address.slice(0, 2), `${address}.json`);

/** Returns whether a cell of the folder has been computed. @throws HoldfastError `E_UNREADABLE` */
export async function hasCells(folder: string): Promise<boolean> {
  if (packNames(folder).length > 0) return true;
  const path = join(folder, 'cells');
  for (const name of await namesIn(path)) {
    if ((await namesIn(join(path, name))).some((file) => file.endsWith('.json'))) return true;
  }
  return false;
}

/** The state of a cell in a folder. */
export type CellState =
  | { readonly kind: 'kept'; readonly record: CellRecord }
  | { readonly kind: 'missing' }
  | DamagedCell;

/** A cell whose checksum or address is wrong. */
export interface DamagedCell {
  readonly kind: 'damaged';
  /** The cell's file, or the pack that it is in. */
  readonly file: string;
  readonly damage: string;
  /** The cell's line, if it is in a pack. */
  readonly packed: Uint8Array | null;
}

/**
 * Reads a cell from its file, or else from a pack of the folder.
 * @throws HoldfastError `E_UNREADABLE` when its file exists but cannot be read
 */
export async function readCell(folder: string, address: string): Promise<CellState> {
  return stateOf(await findCellBytes(folder, address), address);
}

/** Returns the state of a cell, given its bytes; null if it is missing. */
export function stateOf(found: CellBytes | null, address: string): CellState {
  if (found === null) return { kind: 'missing' };
  const decoded = decodeCell(found.bytes, address);
  if ('record' in decoded) return { kind: 'kept', record: decoded.record };
  const { file, bytes, isPacked } = found;
  return { kind: 'damaged', file, damage: decoded.damage, packed: isPacked ? bytes : null };
}

/** Returns the text in the bytes of a cell. */
export const cellText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

/** Returns the record in the bytes of a cell, or how they are damaged. The checksum also finds bytes that are not UTF-8. */
export const decodeCell = (bytes: Uint8Array, address: string): ReturnType<typeof decodeCellFile> =>
  decodeCellFile(cellText(bytes), address);

/** The bytes of a cell. */
export interface CellBytes {
  /** The cell's own file, or the pack that it is in. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly isPacked: boolean;
}

/** Returns the bytes of a cell as they are in its file or a pack; null if it is missing. */
export async function findCellBytes(folder: string, address: string): Promise<CellBytes | null> {
  const file = cellPath(folder, address);
  // A file is newer than a pack: a failed cell that was computed again.
  const bytes = existsSync(file) ? await bytesIfThere(file) : null;
  if (bytes !== null) return { file, bytes, isPacked: false };
  const packed = findPacked(folder, address);
  return packed === null ? null : { ...packed, isPacked: true };
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
 * Renames a damaged cell file, so that the cell is computed again and the file can be inspected. Of a pack, whose other cells
 * are whole, it copies the damaged line; the cell's new file then counts instead.
 * @returns the new name
 * @throws HoldfastError `E_UNWRITABLE`
 */
export async function setAside(folder: string, address: string, damaged: DamagedCell): Promise<string> {
  const aside = `${cellPath(folder, address)}.damaged`;
  try {
    if (damaged.packed === null) await rename(damaged.file, aside);
    else {
      await makeFolder(dirname(aside));
      await writeFile(aside, damaged.packed);
    }
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

/** Appends the timings of cells. @throws HoldfastError `E_UNWRITABLE` */
export const keepTimings = ({ path }: StudyFolder, timings: readonly CellTiming[]): Promise<void> =>
  appendLine(timingsPath(path), timings.map((timing) => JSON.stringify(timing)).join('\n'));

/**
 * Reads the timings of cells: the latest one of each. They serve estimates and are not results, so a broken line (from a
 * crash of the machine) is skipped.
 * @throws HoldfastError `E_UNREADABLE`
 */
export async function readTimings(folder: string): Promise<ReadonlyMap<string, CellTiming>> {
  const timings = new Map<string, CellTiming>();
  const path = timingsPath(folder);
  for (const { line } of linesOf(path)) {
    const timing = Timing.safeParse(parseJson(line.toString()));
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
