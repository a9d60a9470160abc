import { DialogueCache } from '../dialogue/index.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { ApiError } from './api-error.js';

/** How many requests a model serves, and with what memory. */
export interface PoolSize {
  /** Context length in tokens; undefined for the model's default. */
  readonly contextLength: number | undefined;
  /** Caches that are kept, 1 or more. */
  readonly caches: number;
  /** Answers that are generated at once. */
  readonly parallel: number;
  /** Requests that may wait. */
  readonly queue: number;
}

/** A cache that one request uses. */
export interface Lease {
  readonly cache: DialogueCache;
  /** Gives the cache back. May be called more than once. */
  release(): void;
}

/** How well a cache suits a request. */
export interface Suited {
  /** Leading tokens of the request that are in the cache. */
  readonly tokens: number;
  /** Whether the request should take the cache, and drop the rest of it, while there is memory for a new one. */
  readonly takes: boolean;
}

/** Says how well a cache suits a request. */
export type Suits = (cache: DialogueCache) => Suited;

/** Whether the tokens that a request finds in a cache are as many as those that it would drop. */
export const savesMore = (found: number, { session }: DialogueCache): boolean =>
  found > 0 && 2 * found >= session.length;

/** How soon a client that found the queue full should try again. */
const RETRY_MS = 1000;

/**
 * The caches of a model. A request takes the cache that it continues; otherwise a new one while there is memory for more, then
 * the one that has most of its beginning, and of these the one that was used longest ago. Requests beyond those that run at once wait in the order in which they came.
 */
export class CachePool {
  /** Idle caches; the first was used longest ago. */
  readonly #idle: DialogueCache[] = [];
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #disposed = false;

  constructor(
    private readonly model: Model,
    private readonly size: PoolSize,
  ) {}

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Waits for a turn and takes a cache.
   * @throws ApiError 429 if too many requests wait; HoldfastError `E_ABORTED` when the signal fires; `E_EXECUTOR` without
   * memory for a cache
   */
  async take(suits: Suits, signal: AbortSignal): Promise<Lease> {
    const { parallel, queue, caches } = this.size;
    if (this.#running < Math.min(parallel, caches)) this.#running++;
    else if (this.#waiting.length >= queue) {
      throw new ApiError(429, `${queue} requests wait already: try again`, {
        code: 'queue_full',
        retryAfterMs: RETRY_MS,
      });
    } else await this.#turn(signal);
    try {
      return this.#lease(this.#choose(suits));
    } catch (error) {
      this.#next();
      throw error;
    }
  }

  dispose(): void {
    this.#disposed = true;
    for (const cache of this.#idle.splice(0)) cache.dispose();
  }

  #lease(cache: DialogueCache): Lease {
    let taken = true;
    return {
      cache,
      release: () => {
        if (!taken) return;
        taken = false;
        if (this.#disposed) cache.dispose();
        else this.#idle.push(cache);
        this.#next();
      },
    };
  }

  #choose(suits: Suits): DialogueCache {
    // The sort keeps the order of those that suit alike: the first was used longest ago.
    const [best] = this.#idle
      .map((cache, index) => ({ index, ...suits(cache) }))
      .sort((a, b) => Number(b.takes) - Number(a.takes) || b.tokens - a.tokens);
    // Those that run have a cache each, this one included.
    const kept = this.#idle.length + this.#running - 1;
    if (best === undefined || (!best.takes && kept < this.size.caches)) {
      return new DialogueCache(this.model, this.size.contextLength);
    }
    return this.#idle.splice(best.index, 1)[0]!;
  }

  /** Waits in the queue. Who is called has taken over the place of a request that ended. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        reject(new HoldfastError('E_ABORTED', 'the client left while its request waited'));
      };
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      if (signal.aborted) {
        reject(new HoldfastError('E_ABORTED', 'the client left before its request began'));
        return;
      }
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(go);
    });
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
