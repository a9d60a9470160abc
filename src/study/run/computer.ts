import type { Cell, CellRecord, CellTiming } from '../plan/index.js';
import { type OpenTasks, openThread, type Thread, ThreadEnded } from './threads.js';

/** The record and the timing of a computed cell. */
export interface CellOutcome {
  readonly record: CellRecord;
  readonly timing: CellTiming;
}

/** What each thread of a study starts with. */
export interface CellSetup {
  /** Threads of the model's executor; null for its default. */
  readonly threads: number | null;
  /** The places for cells, and for copies of their dialogues where there are fewer cells. */
  readonly batch: number;
}

/** The module that computes a study's cells in the threads of a run. */
export const CELLS = new URL('./cells.js', import.meta.url);

/** The function that a module that computes cells exports as `open`. */
export type OpenCells = OpenTasks<Cell, CellOutcome, CellSetup>;

/** A cell that could not be computed. */
export interface Failed {
  readonly error: string;
}

/** Computes cells on one thread, several at once if it is asked to. */
export interface Computer {
  /** Computes a cell. Returns null if the run was aborted. */
  compute(cell: Cell): Promise<CellOutcome | Failed | null>;
  close(): Promise<void>;
}

/** A thread and the number of cells that it computes. */
interface Host {
  readonly opened: Promise<Thread<Cell, CellOutcome>>;
  running: number;
  /** The number of cells that it computed when it ended; null while it has not. */
  lost: number | null;
}

/**
 * Creates a computer. Its thread is started for the first cell, and again if it has died. If a thread dies with several
 * cells, only one of them was the cause, so each is computed again, on a thread of its own.
 */
export function createComputer(module: URL, setup: CellSetup, signal: AbortSignal): Computer {
  const hosts = new Set<Host>();
  let shared: Host | null = null;
  /** The last of the cells that are computed again: one at a time, since each loads a model. */
  let again: Promise<unknown> = Promise.resolve();

  const start = (): Host => {
    const host: Host = { opened: openThread(module, setup), running: 0, lost: null };
    hosts.add(host);
    return host;
  };
  const end = async (host: Host): Promise<void> => {
    await host.opened.then(
      (thread) => thread.close(),
      () => {}, // whoever waits for it gets the error
    );
    hosts.delete(host);
  };
  const close = async (): Promise<void> => {
    shared = null;
    await Promise.all([...hosts].map(end));
  };
  const closeNow = (): void => void close();
  signal.addEventListener('abort', closeNow, { once: true });

  /** Computes a cell on a thread. Returns `lost` if the thread died with other cells too. */
  async function computeOn(host: Host, cell: Cell): Promise<CellOutcome | Failed | 'lost' | null> {
    host.running++;
    try {
      // If the thread cannot be started, no cell can be computed, so this error ends the run.
      const thread = await host.opened.catch((error: unknown) => {
        if (signal.aborted) return null;
        throw error;
      });
      if (thread === null || signal.aborted) return null;
      return await thread.run(cell).catch((error: Error): Failed | 'lost' | null => {
        if (signal.aborted) return null;
        if (error instanceof ThreadEnded) {
          host.lost ??= host.running;
          hosts.delete(host);
          if (shared === host) shared = null;
          if (host.lost > 1) return 'lost';
        }
        return { error: error.message };
      });
    } finally {
      host.running--;
    }
  }

  async function computeAlone(cell: Cell): Promise<CellOutcome | Failed | null> {
    if (signal.aborted) return null;
    const host = start();
    try {
      // It cannot be lost, because it is alone.
      return (await computeOn(host, cell)) as CellOutcome | Failed | null;
    } finally {
      await end(host);
    }
  }

  return {
    async compute(cell) {
      if (signal.aborted) return null;
      shared ??= start();
      const outcome = await computeOn(shared, cell);
      if (outcome !== 'lost') return outcome;
      const alone = again.then(() => computeAlone(cell));
      again = alone.catch(() => {});
      return alone;
    },
    async close() {
      signal.removeEventListener('abort', closeNow);
      await close();
    },
  };
}
