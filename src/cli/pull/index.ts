/**
 * `holdfast pull`: fetches a model from the hub by name.
 */
import type { Command } from 'commander';
import { pullModel } from '../../hub/index.js';
import { fetching, HUB_NAME, requireHubName } from '../options/index.js';
import { stdout } from '../terminal/index.js';

export function registerPull(program: Command): void {
  program
    .command('pull')
    .description('fetch a model from the hub into the cache shared with Python, and print its path')
    .argument('<model>', HUB_NAME)
    .action(async (text: string) => {
      const name = requireHubName(text);
      const { path } = await fetching((watch) => pullModel(name, watch));
      stdout.lines([path]);
    });
}
