import { HoldfastError } from '../../errors.js';
import type { Precision } from './precision.js';

/** Options of an executor. One refuses what it does not take (`EXECUTOR_TABLE`). */
export interface ExecutorOptions {
  /** The form of the weights; default: `auto`. */
  readonly precision?: Precision;
  /** Threads of the runtime; default: one per core, or as many as a small model can use. */
  readonly threads?: number;
  /**
   * Whether a sequence must get the same results, to the last bit, whatever runs beside it; default: false. The kernels
   * for one token are then replaced by those for several where they round differently, which takes longer.
   */
  readonly batchInvariant?: boolean;
}

/**
 * Checks a number of threads.
 * @param most more than any machine has cores, and few enough for the runtime to start
 * @throws HoldfastError `E_EXECUTOR`
 */
export function checkThreads(threads: number, most: number): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= most) return;
  throw new HoldfastError('E_EXECUTOR', `threads takes a whole number from 1 to ${most}, not ${threads}`);
}
