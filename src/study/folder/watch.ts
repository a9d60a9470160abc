import { stat } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { isMissing, readError } from '../../errors.js';
import { cellsOfShard, type PlannedCell } from '../plan/index.js';
import { openCells } from './cell-reader.js';
import { cellPath, readCell } from './folder.js';
import { packsPath } from './packs.js';
import { type KeptStudy, readStudy, studyPath } from './study-file.js';

/** A cell whose state has changed. */
interface ChangedCell {
  /** Its place in the plan of {@link StudyNews}. */
  readonly at: number;
  readonly state: 'done' | 'failed' | 'damaged' | 'missing';
  /** Why it failed, or how its file is damaged; else null. */
  readonly error: string | null;
  /** When its file was written, in milliseconds since 1970; 0 without a file. */
  readonly writtenMs: number;
}

/** What is new in a study's folder. */
export type StudyNews =
  /** The study and the cells of its shard: at first, and when they have changed. */
  | { readonly kind: 'study'; readonly file: KeptStudy['file']; readonly plan: readonly PlannedCell[] }
  | { readonly kind: 'cells'; readonly cells: readonly ChangedCell[] }
  /** All cells that were there have been told: from now on, the others are missing. */
  | { readonly kind: 'read' };

/** Cells that are told together while a folder is read for the first time. */
const TOGETHER = 100;

/**
 * Watches a study's folder: yields the study, then its cells, then whatever changes, until the signal fires. It reads a cell
 * again only if its file was written since.
 * @param everyMs how often it looks
 * @throws HoldfastError `E_NOT_FOUND` if it is not the folder of a study; `E_UNREADABLE`
 */
export async function* watchStudy(
  path: string,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
): AsyncGenerator<StudyNews, void> {
  let planned = Number.NaN;
  let isRead = false;
  let plan: readonly PlannedCell[] = [];
  /** When the files of cells were written that have been read, by their places in the plan. */
  const read = new Map<number, number>();
  for (;;) {
    const writtenMs = await writtenAt(studyPath(path));
    if (writtenMs !== planned) {
      const study = await readStudy(path);
      planned = writtenMs;
      plan = [...cellsOfShard(study.plan, study.file.origin.shard)];
      read.clear();
      isRead = false;
      yield { kind: 'study', file: study.file, plan };
    }
    const { has } = await openCells(path);
    // A cell in a pack has no file of its own.
    const packedMs = await writtenAt(packsPath(path));
    let changed: ChangedCell[] = [];
    for (const [at, { address }] of plan.entries()) {
      if (signal.aborted) return;
      const before = read.get(at);
      const isThere = has(address);
      if (!isThere && before === undefined) continue;
      const now = isThere ? (await writtenAt(cellPath(path, address))) || packedMs : 0;
      if (now === before) continue;
      if (now === 0) read.delete(at);
      else read.set(at, now);
      changed.push({ at, ...(await stateOf(path, address)), writtenMs: now });
      if (changed.length < TOGETHER) continue;
      yield { kind: 'cells', cells: changed };
      changed = [];
    }
    if (changed.length > 0) yield { kind: 'cells', cells: changed };
    if (!isRead) yield { kind: 'read' };
    isRead = true;
    try {
      await pause(everyMs, undefined, { signal });
    } catch {
      return; // the signal has fired
    }
  }
}

async function stateOf(path: string, address: string): Promise<Pick<ChangedCell, 'state' | 'error'>> {
  const cell = await readCell(path, address);
  if (cell.kind === 'missing') return { state: 'missing', error: null };
  if (cell.kind === 'damaged') return { state: 'damaged', error: cell.damage };
  const { record } = cell;
  return record.kind === 'failure'
    ? { state: 'failed', error: record.error }
    : { state: 'done', error: null };
}

/** Returns when a file was written; 0 if there is none. */
async function writtenAt(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (cause) {
    if (isMissing(cause)) return 0;
    throw readError(file, cause);
  }
}
