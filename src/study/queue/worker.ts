import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { planConcurrency } from '../../concurrency.js';
import { HoldfastError } from '../../errors.js';
import { parseMoment } from '../../text/index.js';
import {
  ADDRESS_AT,
  ADDRESS_LENGTH,
  cellText,
  checkFolder,
  decodeCellFile,
  findCellBytes,
  keepCell,
  openFolder,
  type StudyFolder,
} from '../folder/index.js';
import { type Cell, type CellTiming, groupsOf, type RankingRecord, type Study } from '../plan/index.js';
import {
  type Computer,
  computeGroups,
  concurrencyIn,
  createComputer,
  partsOf,
  type Work,
} from '../run/index.js';
import {
  type JobAnswer,
  LOST_WORKERS,
  type Offer,
  offerKey,
  openQueue,
  type QueuedJob,
  type StudyQueue,
} from './open-queue.js';

/** How a worker works. */
export interface WorkerOptions {
  /** Address of Redis. */
  readonly url: string;
  /** The study's folder, if this machine shares it; null to send the records through the queue. */
  readonly folder: string | null;
  /** A module that exports a function `open` of type {@link OpenCells}. */
  readonly cells: URL;
  readonly jobs?: number | undefined;
  readonly batch?: number | undefined;
  /** Stops the worker; the job that it has goes back to the queue. */
  readonly signal: AbortSignal;
  readonly onDamaged: Work['onDamaged'];
  /** Called after every job, with the numbers so far. */
  readonly onJob: (summary: WorkerSummary) => void;
}

/** What a worker has done. */
export interface WorkerSummary {
  readonly jobs: number;
  readonly cells: number;
}

/** A worker that does not renew its lock for this long has died, and its job is given to another. */
const LOCK_MS = 15_000;
const STALLED_MS = 5_000;
/** Bytes of an answer that goes through the queue. */
const ANSWER_BYTES = 16 * 2 ** 20;

/**
 * Takes jobs from the queue of a study, as many as its threads have room for, until it is stopped. It plans the study before it
 * takes a job, and computes cells in threads, so the lock of a job is renewed also during a long forward pass.
 * @throws HoldfastError `E_QUEUE` when Redis does not answer, or this machine's study is another one than the queue's
 */
export async function runWorker(study: Study, options: WorkerOptions): Promise<WorkerSummary> {
  const { signal } = options;
  const queue = await openQueue(options.url, study.spec.name);
  if (options.folder !== null) await checkFolder(options.folder, study.spec.name);
  const path = options.folder ?? (await mkdtemp(join(tmpdir(), 'holdfast-work-')));
  const folder = await openFolder(path);
  const connection = queue.connect();
  const compute = createThreads(study, folder, options);
  const sums = { jobs: 0, cells: 0 };
  const onDone = (cells: number): void => {
    sums.jobs++;
    sums.cells += cells;
    options.onJob({ ...sums });
  };
  try {
    let planned: string | null = null;
    let unknown: string | null = null;
    while (!signal.aborted) {
      const offer = await connection.get(offerKey(queue.name)).catch(() => null);
      if (offer !== null && (planned === null || unknown !== null)) {
        // The study may have been started again, with other rankings or at another moment.
        if (unknown !== null && offer === planned) throw notPlanned(unknown);
        planned = offer;
        unknown = await takeJobs({
          queue,
          connection,
          cells: cellsOf(study, offer),
          compute,
          folder,
          options,
          onDone,
        });
      } else {
        await pause(OFFER_MS, undefined, { signal }).catch(() => {});
      }
    }
    return sums;
  } finally {
    connection.disconnect();
    await compute.close();
    await folder.close();
    if (options.folder === null) await rm(path, { recursive: true, force: true });
  }
}

/** How often a worker looks whether a study was put into the queue. */
const OFFER_MS = 250;

/** What a worker needs to take jobs. */
interface Taking {
  readonly queue: StudyQueue;
  readonly connection: Redis;
  /** The cells of the plan, by address. */
  readonly cells: ReadonlyMap<string, Cell>;
  readonly compute: Threads;
  readonly folder: StudyFolder;
  readonly options: WorkerOptions;
  /** Called after every job, with the number of its cells. */
  readonly onDone: (cells: number) => void;
}

/**
 * Takes jobs until the worker is stopped, or until a job has a cell that is not in the plan.
 * @returns the address of that cell, whose job went back to the queue; null if the worker was stopped
 */
async function takeJobs(taking: Taking): Promise<string | null> {
  const { queue, connection, cells: planned, compute, folder, options, onDone } = taking;
  const { signal } = options;
  let unknown: string | null = null;
  let stop = (): void => {};
  const ended = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const process = async (job: Job<QueuedJob, JobAnswer>, token?: string): Promise<JobAnswer> => {
    const giveBack = async (): Promise<never> => {
      await job.moveToWait(token);
      throw new queue.WaitingError();
    };
    const found = job.data.cells.map((address) => planned.get(address));
    const cells = found.filter((cell) => cell !== undefined);
    if (cells.length < found.length) {
      unknown = job.data.cells[found.indexOf(undefined)]!;
      stop();
      return giveBack();
    }
    const timings = await compute.run(cells, job.data);
    if (signal.aborted) return giveBack();
    const answer = options.folder === null ? await answerOf(folder, cells, timings) : { cells: null };
    onDone(cells.length);
    return answer;
  };
  const worker: Worker<QueuedJob, JobAnswer> = new queue.Worker(queue.name, process, {
    connection,
    concurrency: compute.groups,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_MS,
    maxStalledCount: LOST_WORKERS,
  });
  worker.on('error', () => {}); // the connection is made again
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  await ended;
  signal.removeEventListener('abort', stop);
  await worker.close();
  return unknown;
}

const notPlanned = (address: string): HoldfastError =>
  new HoldfastError('E_QUEUE', `the queue has a cell that is not in this machine's plan: ${address}`, {
    hint: 'Use the same specification, material, models and versions here as where the study was started',
  });

/** Returns the cells of this machine's plan of the study, by address. */
function cellsOf(study: Study, text: string): ReadonlyMap<string, Cell> {
  const offer: Offer = JSON.parse(text);
  const cells = study.cellsAt(parseMoment(offer.now));
  const rankings = cells.rankings.flatMap(({ address, labels }, at): RankingRecord[] => {
    const decoded = decodeCellFile(offer.rankings[at] ?? '', address);
    return 'record' in decoded && decoded.record.kind === 'ranking' ? [{ ...decoded.record, ...labels }] : [];
  });
  // With another ranking, the other cells would have other addresses.
  const rest = rankings.length === cells.rankings.length ? cells.expand(rankings) : [];
  return new Map(Array.from(rest, (cell) => [cell.address, cell]));
}

/** Threads that compute the cells of jobs. */
interface Threads {
  /** Groups of cells that there is room for. */
  readonly groups: number;
  /** Computes the cells of a job, and returns how long they took. */
  run(cells: readonly Cell[], job: QueuedJob): Promise<ReadonlyMap<string, CellTiming>>;
  close(): Promise<void>;
}

/** Returns threads that compute the cells of jobs. They, and the models in them, stay for the next job. */
function createThreads(study: Study, folder: StudyFolder, options: WorkerOptions): Threads {
  const concurrencyOf = concurrencyIn(study, options);
  const threads = new Map<string, readonly Computer[]>();
  let turn = 0;
  const lanes = study.spec.models.map(({ executor }, at) => {
    const { jobs, batch } = planConcurrency(executor, study.models[at]!.size, options);
    return jobs * batch;
  });
  const run: Threads['run'] = async (cells, { needed, retryFailed }) => {
    for (const text of needed) {
      const address = text.slice(ADDRESS_AT, ADDRESS_AT + ADDRESS_LENGTH);
      const decoded = decodeCellFile(text, address);
      if ('record' in decoded && (await findCellBytes(folder.path, address)) === null) {
        await keepCell(folder, address, decoded.record);
      }
    }
    const timings = new Map<string, CellTiming>();
    for (const { concurrency, groups } of partsOf(groupsOf(cells), concurrencyOf)) {
      const key = JSON.stringify(concurrency);
      const computers =
        threads.get(key) ??
        Array.from({ length: concurrency.jobs }, () =>
          createComputer(options.cells, concurrency, options.signal),
        );
      threads.set(key, computers);
      // A group may have fewer cells than there are threads, so each begins at another one.
      const first = turn++ % computers.length;
      await computeGroups(groups, {
        ...{ folder, concurrency, retryFailed },
        computers: [...computers.slice(first), ...computers.slice(0, first)],
        cells: options.cells,
        signal: options.signal,
        now: cells[0]!.now,
        onDamaged: options.onDamaged,
        onKept: (cell, _record, _computed, timing) => {
          if (timing !== null) timings.set(cell.address, timing);
        },
      });
    }
    return timings;
  };
  const close = async (): Promise<void> => {
    await Promise.all([...threads.values()].flat().map((computer) => computer.close()));
  };
  // Each arm of a group is a cell.
  const groups = Math.max(1, Math.ceil(Math.max(...lanes) / study.spec.arms.length));
  return { groups, run, close };
}

async function answerOf(
  folder: StudyFolder,
  cells: readonly Cell[],
  timings: ReadonlyMap<string, CellTiming>,
): Promise<JobAnswer> {
  const texts: { text: string; timing: CellTiming | null }[] = [];
  let bytes = 0;
  for (const { address } of cells) {
    const found = await findCellBytes(folder.path, address);
    bytes += found!.bytes.length;
    texts.push({ text: cellText(found!.bytes), timing: timings.get(address) ?? null });
  }
  if (bytes <= ANSWER_BYTES) return { cells: texts };
  throw new HoldfastError('E_QUEUE', `the records of a job have ${bytes} bytes, more than ${ANSWER_BYTES}`, {
    hint: 'Give the workers the folder of the study, on a file system that they share (--out)',
  });
}
