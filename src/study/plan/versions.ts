import type { ExecutorName } from '../../load.js';
import { readPackage } from '../../package.js';
import { executorPackages } from '../../versions.js';

/** To be raised whenever a cell computed anew would not have the same record: all that was computed is then computed anew. */
export const CELL_VERSION = 1;

/**
 * The versions that a cell's result depends on: of cells themselves, of what makes tokens of text, and of the runtime
 * behind the executor. The package pins its dependencies exactly, so its own list says which they are. Not among them:
 * Holdfast's release, in whose stead stands {@link CELL_VERSION}, and Node's.
 */
export function versionsThatMatter(executor: ExecutorName): Readonly<Record<string, string | number>> {
  const { dependencies } = readPackage();
  const text = ['@huggingface/jinja', '@huggingface/tokenizers'];
  return {
    cell: CELL_VERSION,
    ...Object.fromEntries(text.map((name) => [name, dependencies[name]!])),
    ...executorPackages(executor),
  };
}
