import type { CellTiming } from '../plan/index.js';

/** A cell's part of the time of its thread. */
export type TimeShare = Pick<CellTiming, 'totalMs' | 'executorMs'>;

/**
 * Divides a thread's time among the cells that it computes at once: while n cells run, each gets 1/n of the time. So the
 * times of all cells add up to the time of the thread, whatever the batch.
 *
 * A stretch of time belongs to the executor if it ends with an answer of the executor: the cells wait while it computes.
 * A stretch that ends with a question to it was spent in our own code.
 */
export class SharedTime {
  /** Cells that run now. */
  #cells = 0;
  /** Questions without an answer. */
  #open = 0;
  #sinceMs = 0;
  /** The time that a cell would have if it had run from the beginning. */
  #totalMs = 0;
  #executorMs = 0;

  /** @param now returns the time in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Begins a cell. @returns a function that ends it and returns its time */
  begin(): () => TimeShare {
    this.#pass(this.#open > 0);
    this.#cells++;
    const [totalMs, executorMs] = [this.#totalMs, this.#executorMs];
    return () => {
      this.#pass(this.#open > 0);
      this.#cells--;
      return { totalMs: this.#totalMs - totalMs, executorMs: this.#executorMs - executorMs };
    };
  }

  asked(): void {
    this.#pass(false);
    this.#open++;
  }

  answered(): void {
    this.#pass(true);
    this.#open--;
  }

  #pass(byExecutor: boolean): void {
    const nowMs = this.now();
    const ms = (nowMs - this.#sinceMs) / Math.max(1, this.#cells);
    this.#sinceMs = nowMs;
    this.#totalMs += ms;
    if (byExecutor) this.#executorMs += ms;
  }
}
