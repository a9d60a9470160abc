/**
 * `holdfast models`: lists models to fetch and what is in the cache; removes models from the cache.
 */
import type { Command } from 'commander';
import { HubCache, hubSettings, memoryBytes, readCatalogue } from '../../hub/index.js';
import { stdout } from '../terminal/index.js';
import { addModelsRemove } from './rm.js';
import { type ModelsReport, modelsLines } from './view.js';

/** Tokens of context that the memory column assumes. */
const CONTEXT_TOKENS = 4096;

/** Adds the arguments and options of `holdfast models`. */
export function addModels(command: Command): void {
  command.option('--json', 'write the list as JSON').action(async ({ json }: { readonly json?: true }) => {
    const report = await readModels();
    stdout.lines(json ? [JSON.stringify(report)] : modelsLines(report, stdout.paint));
  });
  addModelsRemove(command);
}

async function readModels(): Promise<ModelsReport> {
  const cache = new HubCache(hubSettings().cache);
  return {
    contextTokens: CONTEXT_TOKENS,
    catalogue: readCatalogue().map((entry) => ({
      ...entry,
      memoryBytes: memoryBytes(entry, CONTEXT_TOKENS),
    })),
    cacheFolder: cache.folder,
    cache: await cache.scan(),
  };
}
