import type { ExecutorName } from '../../load.js';
import { pinnedVersion } from '../../package.js';
import { executorPackages } from '../../versions.js';

/** Raise this whenever recomputing a cell would give a different record. All cells are then computed again. */
export const CELL_VERSION = 4;

const TOKENIZERS = '@huggingface/tokenizers';

/**
 * Returns the versions that a cell's result depends on: of cells, of the tokenizer library, and of the executor's
 * runtime. The package pins what it runs on exactly, so they are read from its own list. The versions of
 * Node and of Holdfast are not included; {@link CELL_VERSION} stands for the latter.
 */
export function versionsThatMatter(executor: ExecutorName): Readonly<Record<string, string | number>> {
  return {
    cell: CELL_VERSION,
    [TOKENIZERS]: pinnedVersion(TOKENIZERS),
    ...executorPackages(executor),
  };
}
