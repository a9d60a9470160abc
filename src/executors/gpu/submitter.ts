import { type Command, encode } from './commands.js';
import type { Device } from './device.js';
import type { Pace } from './pace.js';
import type { Profiler } from './profiler.js';

/** Parts that may wait in the queue: one runs, and the next is ready when it ends. */
const MOST_QUEUED = 2;

/** How a list of commands is submitted. */
export interface Submission {
  /** Times the kernels; null: no timing. */
  readonly profiler: Profiler | null;
  /** Throws if the pass was aborted. Called before every part. */
  readonly check: () => void;
  /** Called after the last part was submitted; returns a promise of the part's end: null, or why it failed. */
  readonly ended: () => Promise<unknown>;
}

/**
 * Submits commands in parts of about 50 ms, and waits while two parts are in the queue. So a long pass neither freezes
 * the screen, which the same GPU draws, nor is it taken for hung; and it can be aborted between its parts.
 */
export class Submitter {
  readonly #queued: Promise<void>[] = [];
  #lastEndMs = 0;

  constructor(
    private readonly device: Pick<Device, 'submit' | 'finished' | 'lost'>,
    private readonly pace: Pace,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /**
   * Submits commands. Resolves when the last part is in the queue, before it has run.
   * @returns the device's error once it has checked the commands; null: none
   * @throws what `check` throws; earlier parts then still run
   */
  async submit(
    commands: readonly Command[],
    { profiler, check, ended }: Submission,
  ): Promise<{ readonly refused: Promise<string | null> }> {
    const refusals: Promise<string | null>[] = [];
    for (let start = 0; start < commands.length; ) {
      while (this.#queued.length >= MOST_QUEUED) await this.#queued[0];
      check();
      const { end, ms } = this.pace.part(commands, start);
      const isLast = end === commands.length;
      const refused = this.device.submit((encoder) => {
        encode(commands.slice(start, end), encoder, profiler);
        if (isLast) profiler?.resolve(encoder);
      });
      // If a later part is not submitted, nobody else handles this promise.
      refused.catch(() => undefined);
      refusals.push(refused);
      this.#follow(isLast ? ended() : this.device.finished(), ms);
      start = end;
    }
    const refused = Promise.all(refusals).then((all) => all.find((each) => each !== null) ?? null);
    // Nobody awaits this for the copies of a cache: the pass after them reports a loss.
    refused.catch(() => undefined);
    return { refused };
  }

  /** Returns how many rows a dispatch can take, as it cannot be cut. */
  rows(flopsOfRow: number): number {
    return this.pace.rows(flopsOfRow);
  }

  /** Waits until all parts have ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#queued);
  }

  /** Measures a part. The device runs one after the other, so a part starts when the one before it ends. */
  #follow(ended: Promise<unknown>, estimatedMs: number): void {
    const submittedMs = this.nowMs();
    const done = ended.then(
      (failure) => {
        // The work of a lost device ends at once, undone.
        if (failure !== null || this.device.lost !== null) return;
        const nowMs = this.nowMs();
        this.pace.observe(estimatedMs, nowMs - Math.max(submittedMs, this.#lastEndMs));
        this.#lastEndMs = nowMs;
      },
      () => undefined,
    );
    const queued = done.then(() => {
      this.#queued.splice(this.#queued.indexOf(queued), 1);
    });
    this.#queued.push(queued);
  }
}
