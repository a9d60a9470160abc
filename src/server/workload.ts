import { ApiError } from './api-error.js';

/** A request that is being served. */
export interface Work {
  /** Fires when the client leaves, or the server no longer waits. */
  readonly signal: AbortSignal;
  /** Calls a function when the work ends, the last one first; at once if it has ended. */
  atEnd(release: () => void): void;
  /** Stops what runs for it. */
  abort(): void;
  /** Ends the work. May be called more than once. */
  end(): void;
}

/** How soon a client of a server that stops should try again: another may have taken its place. */
const RETRY_MS = 2000;

/** The longest time of a timer, 24.8 days: a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** The requests of a server that are being served, so that it can stop without losing any. */
export class Workload {
  readonly #running = new Map<Work, AbortController>();
  #stopping = false;
  #whenIdle: (() => void)[] = [];

  get running(): number {
    return this.#running.size;
  }

  /** @throws ApiError 503 while the server stops */
  assertOpen(): void {
    if (!this.#stopping) return;
    throw new ApiError(503, 'the server is stopping', { code: 'stopping', retryAfterMs: RETRY_MS });
  }

  /**
   * Begins to serve a request.
   * @param client fires when the client leaves
   * @throws ApiError 503 while the server stops
   */
  begin(client: AbortSignal): Work {
    this.assertOpen();
    const controller = new AbortController();
    const leave = (): void => controller.abort();
    if (client.aborted) leave();
    client.addEventListener('abort', leave);
    const releases = [() => client.removeEventListener('abort', leave)];
    const work: Work = {
      signal: controller.signal,
      atEnd: (release) => {
        if (this.#running.has(work)) releases.push(release);
        else release();
      },
      abort: leave,
      end: () => {
        for (const release of releases.splice(0).reverse()) release();
        this.#running.delete(work);
        if (this.#running.size === 0) for (const idle of this.#whenIdle.splice(0)) idle();
      },
    };
    this.#running.set(work, controller);
    return work;
  }

  /** Refuses new requests, waits for those that run, and stops those that take longer than `ms`. */
  async drain(ms: number): Promise<void> {
    this.#stopping = true;
    if (this.#running.size === 0) return;
    const idle = new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    const timer = setTimeout(
      () => {
        for (const controller of this.#running.values()) controller.abort();
      },
      Math.min(ms, LONGEST_MS),
    );
    await idle;
    clearTimeout(timer);
  }
}
