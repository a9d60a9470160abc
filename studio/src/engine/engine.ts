import { messageOf } from '../../../src/errors.js';
import type { Failure, Operation, Operations } from '../../../src/studio/protocol.js';

/** Where the model runs: in a worker of this page, or behind a server. Both run the same operations. */
export interface Engine {
  /** What the page calls the place, for its words on speed and privacy. */
  readonly place: 'browser' | 'server';
  /**
   * Runs an operation.
   * @param report called with what the operation reports while it runs
   * @throws EngineError when the operation fails, and when the engine cannot be reached
   */
  run<Name extends Operation>(
    name: Name,
    takes: Operations[Name]['takes'],
    options?: {
      readonly report?: (progress: Operations[Name]['reports']) => void;
      readonly signal?: AbortSignal;
    },
  ): Promise<Operations[Name]['returns']>;
}

/** An operation that failed, with the code of its error. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: string;

  constructor({ code, message }: Failure) {
    super(message);
    this.code = code;
  }
}

/** Returns what failed, from what an operation has thrown. Anything but an EngineError is a mistake of the page. */
export const failureIn = (error: unknown): Failure => ({
  code: error instanceof EngineError ? error.code : 'E_BUG',
  message: messageOf(error),
});

/** What the page asks of a worker. */
export type ToWorker =
  | { readonly kind: 'run'; readonly call: number; readonly name: Operation; readonly takes: unknown }
  | { readonly kind: 'abort'; readonly call: number };

/** What a worker, or one line of a server's answer, says about an operation. */
export type FromHost =
  | { readonly kind: 'report'; readonly progress: unknown }
  | { readonly kind: 'done'; readonly returns: unknown }
  | { readonly kind: 'failed'; readonly failure: Failure };
