import { HoldfastError } from '../../errors.js';
import type { LocateOptions } from '../../hub/index.js';
import { createPullView } from '../terminal/index.js';

/**
 * Runs what may fetch a model, shown on stderr. Ctrl-C stops it, and what has come is gone on with the next time.
 * @throws HoldfastError `E_ABORTED` when it was stopped; what `work` throws
 */
export async function fetching<T>(work: (watch: LocateOptions) => Promise<T>): Promise<T> {
  const control = new AbortController();
  const interrupt = (): void => control.abort();
  process.once('SIGINT', interrupt);
  const view = createPullView(process.stderr);
  try {
    return await work({ ...view, signal: control.signal });
  } catch (error) {
    if (!control.signal.aborted) throw error;
    throw new HoldfastError('E_ABORTED', 'the download was stopped', {
      hint: 'What has come is kept: the same command goes on with it',
    });
  } finally {
    view.end();
    process.removeListener('SIGINT', interrupt);
  }
}
