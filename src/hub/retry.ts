import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../errors.js';

/** A failure that may be gone at the next try. */
export class TransientError extends Error {
  /** @param waitMs how long the server asks to be left alone; undefined when it does not say */
  constructor(
    message: string,
    readonly waitMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface RetryPolicy {
  /** Tries without any progress before it is given up. */
  readonly tries: number;
  /** The first wait; every other is twice the one before it. */
  readonly firstWaitMs: number;
  /** Longer than this nobody waits for a server. */
  readonly longestWaitMs: number;
}

/** The hub counts requests in windows of five minutes. */
export const PATIENT: RetryPolicy = { tries: 6, firstWaitMs: 500, longestWaitMs: 300_000 };

/**
 * Waits before the next try, or gives up.
 * @param failed tries that have failed one after the other without progress, this one included
 * @throws HoldfastError `E_HUB` when it is given up; the signal's reason when it is aborted
 */
export async function waitBeforeRetry(
  policy: RetryPolicy,
  failed: number,
  failure: TransientError,
  about: { readonly what: string; readonly signal?: AbortSignal; readonly onNote: (text: string) => void },
): Promise<void> {
  about.signal?.throwIfAborted();
  // Jitter: many that were cut off at the same moment should not come back at the same moment.
  const ownMs = policy.firstWaitMs * 2 ** (failed - 1) * (0.75 + Math.random() / 2);
  const waitMs = Math.max(failure.waitMs ?? 0, Math.min(ownMs, policy.longestWaitMs));
  if (failed >= policy.tries || waitMs > policy.longestWaitMs) {
    const hint =
      waitMs > policy.longestWaitMs
        ? `The hub asks to wait ${Math.ceil(waitMs / 1000)} s: try again then`
        : 'Try again later: what has been fetched is kept';
    throw new HoldfastError('E_HUB', failure.message, { file: about.what, hint, cause: failure });
  }
  const seconds = (waitMs / 1000).toFixed(waitMs < 10_000 ? 1 : 0);
  about.onNote(`${about.what}: ${failure.message}; trying again in ${seconds} s`);
  await sleep(waitMs, undefined, about.signal === undefined ? {} : { signal: about.signal });
}
