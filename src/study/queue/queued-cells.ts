import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Job, Queue } from 'bullmq';
import { HoldfastError } from '../../errors.js';
import {
  cellText,
  decodeCellFile,
  findCellBytes,
  keepCell,
  keepTimings,
  readCell,
  type StudyFolder,
} from '../folder/index.js';
import type { Cell, CellTiming } from '../plan/index.js';
import type { ComputeCells, Work } from '../run/index.js';
import {
  type JobAnswer,
  LOST_WORKERS,
  type Offer,
  offerKey,
  openQueue,
  type QueuedJob,
} from './open-queue.js';

const POLL_MS = 250;
/** A file that another machine has written may appear late on a network file system. */
const LATE_MS = 30_000;

/** A job, and the cells that are not there yet. */
interface Awaited {
  readonly data: QueuedJob;
  readonly cells: readonly Cell[];
  /** When its worker said that it was done with it; null while it has not. */
  doneMs: number | null;
}

/**
 * Returns what computes the cells of a run by way of a queue: it puts them in, waits for the workers' answers, and keeps the
 * records. What a Redis that was restarted has forgotten is put in again.
 * @throws HoldfastError `E_QUEUE` when Redis does not answer, and, later, when a job has failed
 */
export async function queuedCells(url: string, study: string): Promise<ComputeCells> {
  const { name, connect, Queue } = await openQueue(url, study);
  return async (groups, work) => {
    const connection = connect();
    const queue = new Queue(name, { connection });
    queue.on('error', () => {}); // the connection is made again
    const stop = (): void => connection.disconnect();
    work.signal.addEventListener('abort', stop);
    try {
      const offer = JSON.stringify(await offerOf(work));
      await queue.drain();
      await queue.clean(0, 0, 'failed'); // of an earlier run: their cells are put in again
      const putIn = async (jobs: ReadonlyMap<string, Awaited>): Promise<void> => {
        await connection.set(offerKey(name), offer);
        // Adding a job that is there does nothing.
        await queue.addBulk([...jobs].map(([jobId, { data }]) => ({ name: 'cells', data, opts: { jobId } })));
      };
      await waitForAll(queue, await jobsOf(groups, work), putIn, work);
    } catch (error) {
      if (!work.signal.aborted) throw error;
    } finally {
      work.signal.removeEventListener('abort', stop);
      await queue.close().catch(() => {});
      connection.disconnect();
    }
  };
}

async function offerOf({ folder, rankings = [], now }: Work): Promise<Offer> {
  const texts: string[] = [];
  for (const { address } of rankings) texts.push((await textOf(folder, address)) ?? '');
  return { now, rankings: texts };
}

async function textOf(folder: StudyFolder, address: string): Promise<string | null> {
  const found = await findCellBytes(folder.path, address);
  return found === null ? null : cellText(found.bytes);
}

/** Returns a job for each group. A job's id is the hash of its addresses, so that it is in the queue only once. */
async function jobsOf(groups: readonly (readonly Cell[])[], work: Work): Promise<Map<string, Awaited>> {
  const jobs = new Map<string, Awaited>();
  for (const cells of groups.filter(({ length }) => length > 0)) {
    const addresses = cells.map(({ address }) => address);
    const id = createHash('sha256').update(addresses.join(' ')).digest('hex');
    const needed: string[] = [];
    for (const dialogue of new Set(cells.flatMap(({ influence }) => influence?.dialogue ?? []))) {
      const text = await textOf(work.folder, dialogue);
      if (text !== null) needed.push(text);
    }
    const data = { cells: addresses, needed, retryFailed: work.retryFailed };
    jobs.set(id, { data, cells, doneMs: null });
  }
  return jobs;
}

async function waitForAll(
  queue: Queue<QueuedJob, JobAnswer>,
  jobs: Map<string, Awaited>,
  putIn: (jobs: ReadonlyMap<string, Awaited>) => Promise<void>,
  work: Work,
): Promise<void> {
  while (jobs.size > 0 && !work.signal.aborted) {
    const inQueue = await queue.getJobCountByTypes('wait', 'active', 'delayed', 'completed', 'failed');
    if (inQueue < jobs.size) await putIn(jobs);
    for (const job of await queue.getCompleted(0, 63)) {
      const awaited = jobs.get(job.id!);
      if (awaited !== undefined && !(await isKept(job, awaited, work))) continue;
      jobs.delete(job.id!);
      await job.remove();
    }
    const [failed] = await queue.getFailed(0, 0);
    if (failed !== undefined) {
      await failed.remove();
      throw new HoldfastError('E_QUEUE', failureWords(failed), {
        hint: 'All finished cells are kept; run the study again when the cause is gone',
      });
    }
    await pause(POLL_MS);
  }
}

/** Says why a job has failed: its workers were lost, again and again, or one has said why. */
function failureWords({ stalledCounter, failedReason, data }: Job<QueuedJob, JobAnswer>): string {
  return stalledCounter > LOST_WORKERS
    ? `${stalledCounter} workers were lost with the same job; it may be what ended them. Its first cell is ${data.cells[0]}`
    : `a worker could not do its job: ${failedReason}`;
}

/** Keeps the cells of an answer. Returns false if a worker has kept them in the folder and they cannot be seen yet. */
async function isKept(job: Job<QueuedJob, JobAnswer>, awaited: Awaited, work: Work): Promise<boolean> {
  const { folder } = work;
  const timings = new Map<string, CellTiming>();
  for (const [at, { text, timing }] of (job.returnvalue.cells ?? []).entries()) {
    const address = awaited.data.cells[at]!;
    const decoded = decodeCellFile(text, address);
    if ('damage' in decoded) throw new HoldfastError('E_QUEUE', `an answer is damaged: ${decoded.damage}`);
    await keepCell(folder, address, decoded.record);
    if (timing !== null) timings.set(address, timing as CellTiming);
  }
  if (timings.size > 0) await keepTimings(folder, [...timings.values()]);
  const records = await Promise.all(awaited.cells.map(({ address }) => readCell(folder.path, address)));
  const missing = records.findIndex((state) => state.kind !== 'kept');
  if (missing !== -1) {
    awaited.doneMs ??= performance.now();
    if (performance.now() - awaited.doneMs < LATE_MS) return false;
    throw new HoldfastError('E_QUEUE', `a worker has kept cell ${awaited.data.cells[missing]} elsewhere`, {
      file: folder.path,
      hint: 'Give the workers this folder with --out, on a file system that they share, or no --out',
    });
  }
  for (const [at, state] of records.entries()) {
    const cell = awaited.cells[at]!;
    if (state.kind === 'kept') work.onKept(cell, state.record, true, timings.get(cell.address) ?? null);
  }
  return true;
}
