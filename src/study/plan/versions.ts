import type { ExecutorName } from '../../load.js';
import { readPackage } from '../../package.js';
import { executorPackages } from '../../versions.js';

/** Raise this whenever recomputing a cell would give a different record. All cells are then computed again. */
export const CELL_VERSION = 3;

const TOKENIZERS = '@huggingface/tokenizers';

/**
 * Returns the versions that a cell's result depends on: of cells, of the tokenizer library, and of the executor's
 * runtime. The package pins its dependencies exactly, so they are read from its own list. The versions of
 * Node and of Holdfast are not included; {@link CELL_VERSION} stands for the latter.
 */
export function versionsThatMatter(executor: ExecutorName): Readonly<Record<string, string | number>> {
  const { dependencies } = readPackage();
  return {
    cell: CELL_VERSION,
    [TOKENIZERS]: dependencies[TOKENIZERS]!,
    ...executorPackages(executor),
  };
}
