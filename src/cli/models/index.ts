/**
 * `holdfast models`: models that can be fetched, what the cache holds, and removing it.
 */
import type { Command } from 'commander';
import { HubCache, hubSettings, memoryBytes, readCatalogue } from '../../hub/index.js';
import { painter } from '../terminal/index.js';
import { registerModelsRemove } from './rm.js';
import { type ModelsReport, modelsLines } from './view.js';

/** What memory is told for. */
const CONTEXT_TOKENS = 4096;

export function registerModels(program: Command): void {
  const models = program
    .command('models')
    .description(
      'list small open models that can be fetched by name, and what is in the cache; models rm removes from it',
    )
    .option('--json', 'write the same as JSON')
    .action(async ({ json }: { readonly json?: true }) => {
      const report = await readModels();
      const lines = json ? [JSON.stringify(report)] : modelsLines(report, painter(process.stdout));
      process.stdout.write(lines.map((line) => `${line}\n`).join(''));
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
