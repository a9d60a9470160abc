import type { Command } from 'commander';
import { HoldfastError } from '../errors.js';
import { type HubName, hubSettings, parseHubName, pullModel } from '../hub/index.js';
import { fetching } from './fetching.js';

export const HUB_NAME = 'owner/name[@revision][:QUANT], or the address of its page';

export function registerPull(program: Command): void {
  program
    .command('pull')
    .description(
      'fetch a model from the hub into the cache that is shared with Python, and print where it is',
    )
    .argument('<model>', HUB_NAME)
    .action(async (text: string) => {
      const name = requireHubName(text);
      const { path } = await fetching((watch) => pullModel(name, watch));
      process.stdout.write(`${path}\n`);
    });
}

/** @throws HoldfastError `E_USAGE` for what is no name of the hub, `E_HUB` for what is nearly one */
export function requireHubName(text: string): HubName {
  const name = parseHubName(text, hubSettings().endpoint);
  if (name !== null) return name;
  throw new HoldfastError('E_USAGE', `"${text}" is no name of a model on the hub`, {
    hint: `Write ${HUB_NAME}`,
  });
}
