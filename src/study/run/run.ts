import {
  checkFolder,
  exportResults,
  type FirstRun,
  keepStudy,
  openCells,
  openFolder,
  packShard,
  readCell,
  readTimings,
  type StudyFolder,
} from '../folder/index.js';
import type { Cell, CellRecord, CellTiming, FailedCell, RankingRecord, Shard } from '../plan/index.js';
import {
  cellsOfShard,
  createEstimate,
  type Estimate,
  groupsOf,
  type Study,
  type StudyCells,
} from '../plan/index.js';
import { type ComputeCells, computeGroups, type Work } from './compute.js';
import { type ConcurrencyOf, concurrencyIn, partsOf } from './concurrency-of.js';
import { originOf, recordFirst } from './first-run.js';
import { isOnProcessor, processorShare } from './processor-share.js';
import { studyMoment } from './study-moment.js';

/** How to run a study. */
export interface RunOptions {
  /** Results folder. */
  readonly folder: string;
  /** A module that exports a function `open` of type {@link OpenCells}. */
  readonly cells: URL;
  /** Number of threads, each with its own models; default: see {@link planConcurrency}. */
  readonly jobs?: number | undefined;
  /** Number of cells that a thread computes at once; default: see {@link planConcurrency}. */
  readonly batch?: number | undefined;
  readonly shard: Shard | null;
  /** The moment of a new study whose specification has none, in ISO 8601; default: the current one. */
  readonly now?: string | undefined;
  /** Paths that replace those in the specification, by model name. Stored, to print the command that resumes the run. */
  readonly models: Readonly<Record<string, string>>;
  /** Whether to compute failed cells again. */
  readonly retryFailed: boolean;
  /** Whether to compute only what an estimate needs: rankings, and one cell of each pace without a time. */
  readonly dryRun: boolean;
  /** Stops the run; finished cells are kept. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RunProgress) => void;
  readonly onDamaged: Work['onDamaged'];
  /** What computes the cells, but for rankings; default: threads of this process. */
  readonly compute?: ComputeCells | undefined;
}

/** The progress of a run. */
export interface RunProgress {
  /** Cells of the study, or of the shard. */
  readonly total: number;
  /** Cells on disk, including failed ones. */
  readonly done: number;
  /** Cells that this run computed. */
  readonly computed: number;
  readonly failed: number;
  /** Time since the run began to compute. */
  readonly elapsedMs: number;
  readonly decodedTokens: number;
  /** Fraction of the threads' time spent outside forward passes, 0…1; null before the first cell. */
  readonly outsideExecutor: number | null;
  /** Estimated time to finish; null while unknown. */
  readonly leftMs: number | null;
}

/** The result of a run. */
export interface RunSummary extends RunProgress {
  readonly failures: readonly FailedCell[];
  /** Whether all cells are done and results are written. */
  readonly complete: boolean;
  /** All cells of the study; only its rankings if the others are not known yet. */
  readonly plan: readonly Cell[];
  /** Returns the estimated time of a cell; null while unknown. */
  readonly msOf: (cell: Cell) => number | null;
  /** Of a dry run: the smallest {@link processorShare} of the cells that it measured; 1 if it measured none. */
  readonly processorShare: number;
}

/**
 * Runs a study in a folder, or resumes it: computes the missing cells, stores each as soon as it is done, and writes the
 * results once all are done; of a shard, it packs the cells instead. All cells have one moment, which the first run records: see {@link studyMoment}. The first run
 * also locks the analysis plan, before it computes a cell; later runs keep it, whatever the specification says then.
 * @throws HoldfastError `E_USAGE` when the folder belongs to another study, or for a moment that the study does not have;
 * `E_UNWRITABLE`, `E_UNREADABLE`
 */
export async function runStudy(study: Study, options: RunOptions): Promise<RunSummary> {
  const { name } = study.spec;
  const kept = await checkFolder(options.folder, name);
  studyMoment(study, kept?.now ?? null, options); // throws before anything is written
  const folder = await openFolder(options.folder);
  try {
    // The results in a folder belong to the study as it was last run, so a dry run does not replace that study.
    const keep = async (first: FirstRun, plan: Iterable<Cell>): Promise<void> => {
      if (options.dryRun && kept !== null) return;
      await keepStudy(folder, study, originOf(study, options, kept), first, plan);
    };
    const sums: Sums = {
      startMs: performance.now(),
      computed: 0,
      totalMs: 0,
      executorMs: 0,
      decodedTokens: 0,
    };
    const first = await recordFirst(study, folder, options, keep);
    const cells = study.cellsAt(first.now);
    const run: Run = { ...options, results: folder, sums, concurrencyOf: concurrencyIn(study, options) };
    const ranked = await rank(cells, run, (plan) => keep(first, plan));
    if (ranked.rankings === null) return ranked.summary;
    const plan = [...cells.rankings, ...cells.expand(ranked.rankings)];
    await keep(first, plan);
    const summary = await compute(plan, run);
    if (!summary.complete) return summary;
    if (options.dryRun) return summary;
    // The results are those of the study: a merge or a status writes them.
    if (options.shard === null) await exportResults(folder, plan, study.models);
    else await packShard(folder, options.shard, cellsOfShard(plan, options.shard));
    return summary;
  } finally {
    await folder.close();
  }
}

/** A run that has begun. */
interface Run extends RunOptions {
  readonly results: StudyFolder;
  readonly sums: Sums;
  /** Returns how many cells of a cell's model run at once. */
  readonly concurrencyOf: ConcurrencyOf;
}

type Ranked =
  | { readonly rankings: readonly RankingRecord[] }
  | { readonly rankings: null; readonly summary: RunSummary };

/** Returns the rankings, after computing missing ones; null if the run was stopped or a ranking failed. */
async function rank(
  cells: StudyCells,
  run: Run,
  keep: (plan: readonly Cell[]) => Promise<void>,
): Promise<Ranked> {
  const kept = await rankingsIn(run.results, cells.rankings);
  if (kept.length === cells.rankings.length) return { rankings: kept };
  await keep(cells.rankings);
  // Rankings are computed here: workers need them to plan.
  const summary = await compute(cells.rankings, { ...run, dryRun: false, compute: undefined });
  const rankings = await rankingsIn(run.results, cells.rankings);
  return rankings.length === cells.rankings.length
    ? { rankings }
    : { rankings: null, summary: { ...summary, complete: false } };
}

async function rankingsIn(folder: StudyFolder, cells: readonly Cell[]): Promise<RankingRecord[]> {
  const states = await Promise.all(cells.map(({ address }) => readCell(folder.path, address)));
  return states.flatMap((state, at) =>
    state.kind === 'kept' && state.record.kind === 'ranking'
      ? [{ ...state.record, ...cells[at]!.labels }]
      : [],
  );
}

async function compute(plan: readonly Cell[], run: Run): Promise<RunSummary> {
  const { results: folder, sums, ...options } = run;
  const groups = groupsOf(cellsOfShard(plan, options.shard));
  const cells = groups.flat();
  const kept: Kept = new Map();
  const { read } = await openCells(folder.path);
  for (const cell of cells) {
    const state = await read(cell.address);
    if (state.kind !== 'kept') continue;
    const error = errorOf(state.record);
    if (error === null || !options.retryFailed) kept.set(cell, error);
  }
  const missing = cells.filter((cell) => !kept.has(cell));

  const estimate = createEstimate(missing);
  const timings = await readTimings(folder.path);
  for (const cell of kept.keys()) {
    const timing = timings.get(cell.address);
    if (timing !== undefined) estimate.done(cell, timing.totalMs);
  }
  const asked = new Set(options.dryRun ? estimate.unknown() : missing);
  const known = new Set([...kept.keys(), ...asked].map(({ address }) => address));
  // A dry run does not lead a dialogue only to time the influence on it.
  const wanted = new Set([...asked].filter(({ influence }) => !influence || known.has(influence.dialogue)));
  const tally = createTally(cells.length, kept, estimate, sums);
  const report = (): void => options.onProgress(tally.progress());
  report();
  const todo = groups.map((group) => group.filter((cell) => wanted.has(cell)));
  // Influence is measured on dialogues, so these come first.
  const waves = [false, true].map((last) =>
    todo.map((group) => group.filter(({ influence }) => (influence !== undefined) === last)),
  );
  const computeAll = options.compute ?? computeGroups;
  const rankings = plan.filter(({ kind }) => kind === 'ranking');
  let least = 1;
  for (const { concurrency, groups } of waves.flatMap((wave) => partsOf(wave, run.concurrencyOf))) {
    // A dry run computes few cells, but estimates the run of all.
    tally.jobs = Math.min(concurrency.jobs, options.dryRun ? missing.length : groups.flat().length);
    const measured = new Map<Cell, CellTiming>();
    const before = process.cpuUsage();
    await computeAll(groups, {
      ...options,
      now: groups[0]![0]!.now,
      rankings,
      folder,
      concurrency,
      onKept(cell, record, computed, timing) {
        tally.kept(cell, record, computed, timing);
        if (computed && timing !== null) measured.set(cell, timing);
        report();
      },
    });
    if (!options.dryRun || ![...measured.keys()].every(isOnProcessor)) continue;
    const share = processorShare([...measured.values()], concurrency.threads, process.cpuUsage(before));
    for (const [cell, { totalMs }] of measured) estimate.done(cell, share * totalMs);
    least = Math.min(least, share);
  }
  const failures = cells.flatMap((cell) => {
    const error = kept.get(cell) ?? null;
    return error === null ? [] : [{ labels: cell.labels, error }];
  });
  return {
    ...tally.progress(),
    ...{ failures, complete: kept.size === cells.length, plan },
    ...{ msOf: estimate.msOf, processorShare: least },
  };
}

/** Cells on disk, each with its error if it failed, otherwise null. */
type Kept = Map<Cell, string | null>;

const errorOf = (record: CellRecord): string | null => (record.kind === 'failure' ? record.error : null);

/** Sums over all cells that this run computed. */
interface Sums {
  readonly startMs: number;
  computed: number;
  totalMs: number;
  executorMs: number;
  decodedTokens: number;
}

interface Tally {
  /** Threads that compute now. */
  jobs: number;
  kept(cell: Cell, record: CellRecord, computed: boolean, timing: CellTiming | null): void;
  progress(): RunProgress;
}

function createTally(total: number, kept: Kept, estimate: Estimate, sums: Sums): Tally {
  let failed = [...kept.values()].filter((error) => error !== null).length;
  return {
    jobs: 1,
    kept(cell, record, computed, timing) {
      kept.set(cell, errorOf(record));
      if (record.kind === 'failure') failed++;
      if (timing === null) estimate.drop(cell);
      else estimate.done(cell, timing.totalMs);
      if (computed) sums.computed++;
      sums.totalMs += timing?.totalMs ?? 0;
      sums.executorMs += timing?.executorMs ?? 0;
      sums.decodedTokens += timing?.decodedTokens ?? 0;
    },
    progress() {
      const leftMs = estimate.leftMs();
      return {
        total,
        done: kept.size,
        computed: sums.computed,
        failed,
        elapsedMs: performance.now() - sums.startMs,
        decodedTokens: sums.decodedTokens,
        outsideExecutor: sums.totalMs === 0 ? null : 1 - sums.executorMs / sums.totalMs,
        leftMs: leftMs === null ? null : leftMs / this.jobs,
      };
    },
  };
}
