import { setTimeout as pause } from 'node:timers/promises';
import { keepCell, keepTiming, lockGroup, readCell, type StudyFolder, setAside } from '../folder/index.js';
import type { Cell, CellRecord, CellTiming } from '../plan/index.js';
import { groupOf } from '../plan/index.js';
import { type OpenTasks, openThread, type Thread, ThreadEnded } from './threads.js';

/** The record and the timing of a computed cell. */
export interface CellOutcome {
  readonly record: CellRecord;
  readonly timing: CellTiming;
}

/** The module that computes a study's cells in the threads of a run. */
export const CELLS = new URL('./cells.js', import.meta.url);

/** The function that a module that computes cells exports as `open`. */
export type OpenCells = OpenTasks<Cell, CellOutcome>;

/** How to compute the cells of a study. */
export interface Work {
  readonly folder: StudyFolder;
  /** A module that exports a function `open` of type {@link OpenCells}. */
  readonly cells: URL;
  /** Maximum number of threads. */
  readonly jobs: number;
  readonly retryFailed: boolean;
  readonly signal: AbortSignal;
  /** Called once a cell's record is on disk. The timing is null if the cell failed or was not computed by this run. */
  readonly onKept: (cell: Cell, record: CellRecord, computed: boolean, timing: CellTiming | null) => void;
  /** Called when a damaged file has been renamed to `aside`; its cell is then computed again. */
  readonly onDamaged: (file: string, damage: string, aside: string) => void;
}

/** Pause before a group that another process has locked is tried again. */
const LOCKED_PAUSE_MS = 50;

/**
 * Computes the missing cells of groups. When it returns, every cell is on disk, computed by this process or by another
 * one on the same folder, unless `signal` aborted it: then unfinished cells are dropped.
 * @throws HoldfastError `E_UNWRITABLE`; finished cells are kept
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

/** Computes groups from `pending` on one thread until none are left. A locked group goes back to the end of the list. */
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

/** Returns the missing cells of a locked group: another process may have computed some before the lock was taken. */
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

/** Computes the missing cells of a group. Each record is written to disk while the next cell is computed. */
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

/** Returns a promise that rejects when the given one does, and never resolves. */
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
  /** Computes a cell. Returns null if the run was aborted. */
  compute(cell: Cell): Promise<CellOutcome | Failed | null>;
  close(): Promise<void>;
}

/** Computes cells on a thread, which is started for the first cell and again if it has died. */
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
        // If the thread cannot be started, no cell can be computed, so this error ends the run.
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
