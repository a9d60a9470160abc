/**
 * `holdfast pull`: fetches a model from the hub by name.
 */
import type { Command } from 'commander';
import { pullModel } from '../../hub/index.js';
import { fetching, HUB_NAME, requireHubName } from '../options/index.js';
import { stdout } from '../terminal/index.js';

/** Adds the arguments and options of `holdfast pull`. */
export function addPull(command: Command): void {
  command.argument('<model>', HUB_NAME).action(async (text: string) => {
    const name = requireHubName(text);
    const { path } = await fetching((watch) => pullModel(name, watch));
    stdout.lines([path]);
  });
}
