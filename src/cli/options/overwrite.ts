import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { HoldfastError } from '../../errors.js';

/** Flag of the commands that write files. */
export interface ForceFlag {
  readonly force?: true;
}

/** Adds `--force` to a command. @param what what it replaces: `the file` */
export function addForceOption(command: Command, what: string): Command {
  return command.option('--force', `replace ${what} if it exists`);
}

/**
 * Checks that no result is overwritten. Call it before the work.
 * @throws HoldfastError `E_UNWRITABLE` for the first path that exists, unless `--force` is given
 */
export function refuseOverwrite(paths: readonly string[], { force }: ForceFlag): void {
  const taken = force === true ? undefined : paths.find((path) => existsSync(path));
  if (taken === undefined) return;
  throw new HoldfastError('E_UNWRITABLE', 'the file exists', {
    file: taken,
    hint: 'Choose another --out, or replace it with --force',
  });
}
