import type { Concurrency } from '../../concurrency.js';
import { keepCell, keepTimings, lockGroup, readCell, type StudyFolder, setAside } from '../folder/index.js';
import type { Cell, CellRecord, CellTiming } from '../plan/index.js';
import { groupOf } from '../plan/index.js';
import { CellQueue, type TakenCell } from './cell-queue.js';
import { type CellOutcome, type Computer, createComputer, type Failed } from './computer.js';

/** How to compute the cells of a study. */
export interface Work {
  readonly folder: StudyFolder;
  /** A module that exports a function `open` of type {@link OpenCells}. */
  readonly cells: URL;
  readonly concurrency: Concurrency;
  /** The threads to use; default: new ones, which end with the last group. */
  readonly computers?: readonly Computer[] | undefined;
  /** The study's rankings, which are done. */
  readonly rankings?: readonly Cell[] | undefined;
  /** The moment of the study. */
  readonly now: string;
  readonly retryFailed: boolean;
  readonly signal: AbortSignal;
  /** Called once a cell's record is on disk. The timing is null if the cell failed or was not computed by this run. */
  readonly onKept: (cell: Cell, record: CellRecord, computed: boolean, timing: CellTiming | null) => void;
  /** Called when a damaged file has been renamed to `aside`; its cell is then computed again. */
  readonly onDamaged: (file: string, damage: string, aside: string) => void;
}

/** What computes the missing cells of groups: threads of this process, or workers elsewhere. */
export type ComputeCells = (groups: readonly (readonly Cell[])[], work: Work) => Promise<void>;

/**
 * Computes the missing cells of groups. When it returns, every cell is on disk, computed by this process or by another
 * one on the same folder, unless `signal` aborted it: then unfinished cells are dropped.
 * @throws HoldfastError `E_UNWRITABLE`; finished cells are kept
 */
export async function computeGroups(groups: readonly (readonly Cell[])[], given: Work): Promise<void> {
  const broken = new AbortController();
  const work: Work = { ...given, signal: AbortSignal.any([given.signal, broken.signal]) };
  const { jobs, batch, threads } = work.concurrency;
  const queue = new CellQueue(
    groups,
    {
      lock: (group) => lockGroup(work.folder, groupOf(group[0]!)),
      missing: (group) => missingOf(group, work),
    },
    work.signal,
  );
  const lanes = Math.min(jobs * batch, groups.flat().length);
  const computers =
    given.computers ??
    Array.from({ length: Math.min(jobs, lanes) }, () =>
      createComputer(work.cells, { threads, batch }, work.signal),
    );
  // Neighbouring lanes get different computers, so that few cells still use all of them.
  const ends = await Promise.allSettled(
    Array.from({ length: lanes }, (_, lane) =>
      workThrough(queue, computers[lane % computers.length]!, work).catch((error: unknown) => {
        broken.abort();
        throw error;
      }),
    ),
  );
  if (given.computers === undefined) await Promise.all(computers.map((computer) => computer.close()));
  await queue.close();
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Computes one cell after the other until none are left. Each record is written to disk while the next is computed. */
async function workThrough(queue: CellQueue, computer: Computer, work: Work): Promise<void> {
  let keeping: Promise<unknown> = Promise.resolve();
  let group: TakenCell['group'] | null = null;
  for (;;) {
    const taken: TakenCell | null = await Promise.race([queue.take(group), failureOf(keeping)]);
    if (taken === null) break;
    group = taken.group;
    const prepared = await withDialogue(taken.cell, work.folder);
    const outcome =
      'error' in prepared ? prepared : await Promise.race([computer.compute(prepared), failureOf(keeping)]);
    await keeping;
    if (outcome === null) return;
    keeping = keep(taken, outcome, queue, work);
  }
  await keeping;
}

/** Adds to an influence cell the dialogue that it is measured on. Fails if the dialogue failed. */
async function withDialogue(cell: Cell, folder: StudyFolder): Promise<Cell | Failed> {
  const { influence } = cell;
  if (influence === undefined) return cell;
  const state = await readCell(folder.path, influence.dialogue);
  if (state.kind === 'kept' && state.record.kind === 'dialogue') {
    return { ...cell, influence: { ...influence, recorded: state.record } };
  }
  const why = state.kind === 'kept' && state.record.kind === 'failure' ? state.record.error : state.kind;
  return { error: `the untouched model's dialogue, on which influence is measured, is not there: ${why}` };
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
    if (state.kind === 'damaged') {
      const aside = await setAside(work.folder.path, cell.address, state);
      work.onDamaged(state.file, state.damage, aside);
    }
    missing.push(cell);
  }
  return missing;
}

/** Returns a promise that rejects when the given one does, and never resolves. */
const failureOf = (promise: Promise<unknown>): Promise<never> =>
  new Promise((_, reject) => {
    promise.catch(reject);
  });

async function keep(
  taken: TakenCell,
  outcome: CellOutcome | Failed,
  queue: CellQueue,
  work: Work,
): Promise<void> {
  const { cell } = taken;
  const failed = 'error' in outcome;
  const record: CellRecord = failed
    ? { kind: 'failure', ...cell.labels, error: outcome.error }
    : outcome.record;
  await keepCell(work.folder, cell.address, record);
  const timing = failed ? null : outcome.timing;
  if (timing !== null) await keepTimings(work.folder, [timing]);
  work.onKept(cell, record, true, timing);
  await queue.done(taken);
}
