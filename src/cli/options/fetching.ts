import { HoldfastError } from '../../errors.js';
import type { LocateOptions } from '../../hub/index.js';
import { stderr } from '../terminal/index.js';
import { createPullView } from './pull-view.js';

/**
 * Runs `work`, which may fetch a model, and shows its progress on stderr. Ctrl-C stops it; the next call resumes the
 * download.
 * @throws HoldfastError `E_ABORTED` when Ctrl-C stopped it; what `work` throws
 */
export async function fetching<T>(work: (watch: LocateOptions) => Promise<T>): Promise<T> {
  const control = new AbortController();
  const interrupt = (): void => control.abort();
  process.once('SIGINT', interrupt);
  const view = createPullView(stderr);
  try {
    return await work({ ...view, signal: control.signal });
  } catch (error) {
    if (!control.signal.aborted) throw error;
    throw new HoldfastError('E_ABORTED', 'the download was stopped', {
      hint: 'Run the same command again to resume it',
    });
  } finally {
    view.end();
    process.removeListener('SIGINT', interrupt);
  }
}
