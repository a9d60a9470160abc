/**
 * `holdfast models`: lists models to fetch and what is in the cache; removes models from the cache.
 */
import type { Command } from 'commander';
import { HubCache, hubSettings, memoryBytes, readCatalogue } from '../../hub/index.js';
import { stdout } from '../terminal/index.js';
import { registerModelsRemove } from './rm.js';
import { type ModelsReport, modelsLines } from './view.js';

/** Tokens of context that the memory column assumes. */
const CONTEXT_TOKENS = 4096;

export function registerModels(program: Command): void {
  const models = program
    .command('models')
    .description(
      'list small open models that can be fetched by name, and the models in the cache; models rm removes one',
    )
    .option('--json', 'write the list as JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      const report = await readModels();
      stdout.lines(json ? [JSON.stringify(report)] : modelsLines(report, stdout.paint));
    });
  registerModelsRemove(models);
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
