import { setTimeout as pause } from 'node:timers/promises';
import { keepCell, keepTiming, lockGroup, readCell, type StudyFolder, setAside } from '../folder/index.js';
import type { Cell, CellRecord, CellTiming } from '../plan/index.js';
import { groupOf } from '../plan/index.js';
import { type OpenTasks, openThread, type Thread, ThreadEnded } from './threads.js';

export interface CellOutcome {
  readonly record: CellRecord;
  readonly timing: CellTiming;
}

/** The module that computes a study's cells, for the threads of a run. */
export const CELLS = new URL('./cells.js', import.meta.url);

/** What a module that computes cells exports as `open`. */
export type OpenCells = OpenTasks<Cell, CellOutcome>;

export interface Work {
  readonly folder: StudyFolder;
  /** A module that exports `open` as OpenCells. */
  readonly cells: URL;
  /** Threads at most. */
  readonly jobs: number;
  readonly retryFailed: boolean;
  readonly signal: AbortSignal;
  /** A cell's record is on the disk; without a timing when it failed, or was there already. */
  readonly onKept: (cell: Cell, record: CellRecord, computed: boolean, timing: CellTiming | null) => void;
  /** A damaged file was renamed, and its cell is computed anew. */
  readonly onDamaged: (file: string, damage: string, aside: string) => void;
}

/** How long until a group that another process has locked is looked at again. */
const LOCKED_PAUSE_MS = 50;

/**
 * Computes what is missing of groups of cells. When it returns, every cell is kept, here or by another process on the
 * same folder, unless `signal` ended it: then what was under way is dropped.
 * @throws HoldfastError `E_UNWRITABLE`; what is kept by then stays
 */
export async function computeGroups(groups: readonly (readonly Cell[])[], work: Work): Promise<void> {
  const broken = new AbortController();
  const signal = AbortSignal.any([work.signal, broken.signal]);
  const pending = [...groups];
  const threads = Array.from({ length: Math.min(work.jobs, groups.length) }, () =>
    workThrough(pending, { ...work, signal }).catch((error: unknown) => {
      broken.abort();
      throw error;
    }),
  );
  const ends = await Promise.allSettled(threads);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** One thread's share: takes groups from `pending` until there are none; those that are locked go back to its end. */
async function workThrough(pending: (readonly Cell[])[], work: Work): Promise<void> {
  const computer = createComputer(work.cells, work.signal);
  try {
    for (;;) {
      const group = pending.shift();
      if (group === undefined || work.signal.aborted) return;
      const lock = await lockGroup(work.folder, groupOf(group[0]!));
      if (lock === null) {
        pending.push(group);
        await pause(LOCKED_PAUSE_MS);
        continue;
      }
      try {
        await computeGroup(await missingOf(group, work), computer, work);
      } finally {
        await lock.release();
      }
    }
  } finally {
    await computer.close();
  }
}

/** What is still to be computed now that the group is locked: another process may have had it before. */
async function missingOf(group: readonly Cell[], work: Work): Promise<readonly Cell[]> {
  const missing: Cell[] = [];
  for (const cell of group) {
    const state = await readCell(work.folder.path, cell.address);
    if (state.kind === 'kept' && !(work.retryFailed && state.record.kind === 'failure')) {
      work.onKept(cell, state.record, false, null);
      continue;
    }
    if (state.kind === 'damaged') work.onDamaged(state.file, state.damage, await setAside(state.file));
    missing.push(cell);
  }
  return missing;
}

/** While a record is on its way to the disk the next cell is computed. */
async function computeGroup(missing: readonly Cell[], computer: Computer, work: Work): Promise<void> {
  let keeping: Promise<unknown> = Promise.resolve();
  for (const cell of missing) {
    const outcome = await Promise.race([computer.compute(cell), failureOf(keeping)]);
    await keeping;
    if (outcome === null) return;
    keeping = keep(cell, outcome, work);
  }
  await keeping;
}

/** Rejects when a promise does, and else stays open. */
const failureOf = (promise: Promise<unknown>): Promise<never> =>
  new Promise((_, reject) => {
    promise.catch(reject);
  });

async function keep(cell: Cell, outcome: CellOutcome | Failed, work: Work): Promise<void> {
  const failed = 'error' in outcome;
  const record: CellRecord = failed
    ? { kind: 'failure', ...cell.labels, error: outcome.error }
    : outcome.record;
  await keepCell(work.folder, cell.address, record);
  const timing = failed ? null : outcome.timing;
  if (timing !== null) await keepTiming(work.folder, timing);
  work.onKept(cell, record, true, timing);
}

interface Failed {
  readonly error: string;
}

interface Computer {
  /** Null when the study was ended. */
  compute(cell: Cell): Promise<CellOutcome | Failed | null>;
  close(): Promise<void>;
}

/** A thread, opened for the first cell, and another one after it died. */
function createComputer(module: URL, signal: AbortSignal): Computer {
  let thread: Thread<Cell, CellOutcome> | null = null;
  const close = async (): Promise<void> => {
    await thread?.close();
    thread = null;
  };
  const closeNow = (): void => void close();
  signal.addEventListener('abort', closeNow, { once: true });
  return {
    async compute(cell) {
      try {
        // What goes wrong here is not the cell's fault, and would go wrong with every other one.
        thread ??= await openThread<Cell, CellOutcome>(module);
      } catch (error) {
        if (signal.aborted) return null;
        throw error;
      }
      try {
        if (signal.aborted) return null;
        return await thread.run(cell);
      } catch (error) {
        if (signal.aborted) return null;
        if (error instanceof ThreadEnded) thread = null;
        return { error: error instanceof Error ? error.message : String(error) };
      }
    },
    async close() {
      signal.removeEventListener('abort', closeNow);
      await close();
    },
  };
}
