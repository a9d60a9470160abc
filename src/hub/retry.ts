import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../errors.js';

/** A failure that may not recur on the next try. */
export class TransientError extends Error {
  /** @param waitMs how long the server asks the client to wait; undefined if it does not say */
  constructor(
    message: string,
    readonly waitMs?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** How often to try, and how long to wait between tries. */
export interface RetryPolicy {
  /** Tries without progress before giving up. */
  readonly tries: number;
  /** Length of the first wait. Each further wait is twice as long. */
  readonly firstWaitMs: number;
  /** Limit on a wait. If the server asks for a longer one, give up. */
  readonly longestWaitMs: number;
}

/** The policy for downloads. Its longest wait is the hub's rate limit window, five minutes. */
export const PATIENT: RetryPolicy = { tries: 6, firstWaitMs: 500, longestWaitMs: 300_000 };

/**
 * Waits before the next try, or gives up.
 * @param failed number of consecutive tries that failed without progress, including this one
 * @throws HoldfastError `E_HUB` when it gives up; the signal's reason if aborted
 */
export async function waitBeforeRetry(
  policy: RetryPolicy,
  failed: number,
  failure: TransientError,
  about: { readonly what: string; readonly signal?: AbortSignal; readonly onNote: (text: string) => void },
): Promise<void> {
  about.signal?.throwIfAborted();
  // Jitter, so that clients that were disconnected together do not all return together.
  const ownMs = policy.firstWaitMs * 2 ** (failed - 1) * (0.75 + Math.random() / 2);
  const waitMs = Math.max(failure.waitMs ?? 0, Math.min(ownMs, policy.longestWaitMs));
  if (failed >= policy.tries || waitMs > policy.longestWaitMs) {
    const hint =
      waitMs > policy.longestWaitMs
        ? `The hub asks to wait ${Math.ceil(waitMs / 1000)} s: try again after that`
        : 'Try again later: what was downloaded is kept';
    throw new HoldfastError('E_HUB', failure.message, { file: about.what, hint, cause: failure });
  }
  const seconds = (waitMs / 1000).toFixed(waitMs < 10_000 ? 1 : 0);
  about.onNote(`${about.what}: ${failure.message}; trying again in ${seconds} s`);
  await sleep(waitMs, undefined, about.signal === undefined ? {} : { signal: about.signal });
}
