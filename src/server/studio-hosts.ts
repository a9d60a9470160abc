import type { Host } from '../studio/index.js';
import { ApiError } from './api-error.js';

/** The most pages that have a host at once. Each may have two dialogues in caches of their own. */
const MOST_PAGES = 8;
/** The most operations of one page that run at once. */
const MOST_RUNNING = 32;
/** How long a host waits for its page. */
const IDLE_MS = 15 * 60_000;
/** How long it waits for a page that has closed: a reload then finds its model loaded. */
const LEFT_MS = 5_000;
/** How soon a page should try again when there are too many. */
const RETRY_MS = 5_000;

interface Open {
  readonly host: Host;
  running: number;
  /** How long it waits when nothing runs. */
  waitMs: number;
  timer: NodeJS.Timeout | undefined;
}

/** A host that runs an operation of its page. */
export interface HostLease {
  readonly host: Host;
  /** May be called more than once. */
  release(): void;
}

/**
 * The hosts of the pages that are open: one each, so that no page meets the model or the dialogues of another. A page whose
 * host has gone, because it was quiet for long or the server was started again, loads its model again.
 */
export class StudioHosts {
  /** By the name of the page, the one used longest ago first. */
  readonly #open = new Map<string, Open>();

  constructor(private readonly create: () => Host) {}

  /**
   * Takes the host of a page, and opens one if it has none.
   * @throws ApiError 503 if there are too many pages, and all are busy, or this page has asked for too much
   */
  take(page: string): HostLease {
    const open = this.#open.get(page) ?? this.#begin();
    if (open.running >= MOST_RUNNING) {
      throw new ApiError(503, `${MOST_RUNNING} operations of this page are running: try again`, {
        code: 'too_many_operations',
        retryAfterMs: RETRY_MS,
      });
    }
    this.#open.delete(page);
    this.#open.set(page, open);
    clearTimeout(open.timer);
    open.running++;
    open.waitMs = IDLE_MS;
    let taken = true;
    return {
      host: open.host,
      release: () => {
        if (!taken) return;
        taken = false;
        open.running--;
        this.#wait(page, open);
      },
    };
  }

  /** Ends the host of a page that has closed, as soon as nothing runs for it. */
  leave(page: string): void {
    const open = this.#open.get(page);
    if (open === undefined) return;
    open.waitMs = LEFT_MS;
    this.#wait(page, open);
  }

  async dispose(): Promise<void> {
    const open = [...this.#open];
    for (const [page] of open) this.#drop(page);
    await Promise.all(open.map(([, { host }]) => host.dispose()));
  }

  #begin(): Open {
    if (this.#open.size >= MOST_PAGES) {
      const idle = [...this.#open].find(([, { running }]) => running === 0);
      if (idle === undefined) {
        throw new ApiError(503, `${MOST_PAGES} pages of the studio are busy: try again`, {
          code: 'too_many_pages',
          retryAfterMs: RETRY_MS,
        });
      }
      this.#end(idle[0]);
    }
    return { host: this.create(), running: 0, waitMs: IDLE_MS, timer: undefined };
  }

  #wait(page: string, open: Open): void {
    clearTimeout(open.timer);
    if (open.running > 0 || this.#open.get(page) !== open) return;
    open.timer = setTimeout(() => this.#end(page), open.waitMs);
    open.timer.unref();
  }

  #end(page: string): void {
    void this.#drop(page)?.host.dispose();
  }

  #drop(page: string): Open | undefined {
    const open = this.#open.get(page);
    clearTimeout(open?.timer);
    this.#open.delete(page);
    return open;
  }
}
