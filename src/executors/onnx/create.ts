import { availableParallelism } from 'node:os';
import type { ModelPlan } from '../../architectures/index.js';
import type { Checkpoint } from '../../formats/index.js';
import { checkThreads, type Executor, type ExecutorOptions } from '../contract/index.js';
import { openRuntime } from './runtime.js';

/** More than any machine has cores. The runtime sets no limit itself and would run out of memory. */
const MOST_THREADS = 1024;

/**
 * Loads a model into ONNX Runtime as a graph of our own.
 * @throws HoldfastError `E_EXECUTOR` for an invalid number of threads, a runtime that is not installed or fails;
 * `E_UNSUPPORTED` if layers differ in heads or head size
 */
export async function createOnnxExecutor(
  plan: ModelPlan,
  checkpoint: Checkpoint,
  { precision = 'auto', threads = availableParallelism() }: ExecutorOptions = {},
): Promise<Executor> {
  checkThreads(threads, MOST_THREADS);
  await openRuntime();
  // The executor imports the runtime, so it is imported only where the runtime is there.
  const { openExecutor } = await import('./executor.js');
  return openExecutor(plan, checkpoint, { precision, threads });
}
