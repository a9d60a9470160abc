import type { Precision } from './precision.js';

/** Options of an executor. One refuses what it does not take (`EXECUTOR_TABLE`). */
export interface ExecutorOptions {
  /** The form of the weights; default: `auto`. */
  readonly precision?: Precision;
  /** Threads of the runtime; default: one per core. */
  readonly threads?: number;
}
