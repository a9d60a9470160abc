import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ExecutorName } from '../load.js';

/** To be raised whenever a cell computed anew would not have the same record: all that was computed is then computed anew. */
export const CELL_VERSION = 1;

const Dependencies = z.object({ dependencies: z.record(z.string(), z.string()) });

/**
 * The versions that a cell's result depends on: of cells themselves, of what makes tokens of text, and of the runtime
 * behind the executor. The package pins its dependencies exactly, so its own list says which they are. Not among them:
 * Holdfast's release, in whose stead stands {@link CELL_VERSION}, and Node's.
 */
export function versionsThatMatter(executor: ExecutorName): Readonly<Record<string, string | number>> {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { dependencies } = Dependencies.parse(JSON.parse(text));
  const packages = ['@huggingface/jinja', '@huggingface/tokenizers'];
  if (executor === 'cpu') packages.push('onnxruntime-node');
  if (executor === 'gpu') packages.push('webgpu');
  return {
    cell: CELL_VERSION,
    ...Object.fromEntries(packages.map((name) => [name, dependencies[name]!])),
  };
}
