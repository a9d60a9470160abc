import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
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
 * @param named what names the paths on the command line: `--out`
 * @throws HoldfastError `E_UNWRITABLE` for the first path that exists, unless `--force` is given
 */
export function refuseOverwrite(paths: readonly string[], { force }: ForceFlag, named = '--out'): void {
  const taken = force === true ? undefined : paths.find((path) => existsSync(path));
  if (taken === undefined) return;
  throw new HoldfastError('E_UNWRITABLE', 'the file exists', {
    file: taken,
    hint: `Choose another ${named}, or replace it with --force`,
  });
}

/**
 * Checks that two files of a command are not the same one.
 * @param named how the command line names them: `--out and --html`
 * @throws HoldfastError `E_USAGE` if they are
 */
export function refuseSame(one: string, other: string, named: string): void {
  if (resolve(one) === resolve(other))
    throw new HoldfastError('E_USAGE', `${named} name the same file`, { file: other });
}
