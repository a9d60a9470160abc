import type { Command } from 'commander';
import { positiveInteger } from './arguments.js';

/** For the help of `--batch`: what is chosen without it. */
export const BATCH_DEFAULT =
  '1; if the executor batches and the model is not tiny, up to 16, as many as fit into half of the free memory';

/** Flags of the commands that compute cells. */
export interface ConcurrencyFlags {
  readonly jobs?: number;
  readonly batch?: number;
}

/** Adds `--jobs` and `--batch` to a command. @param loaded what each thread loads: `the model` */
export function addConcurrencyOptions(command: Command, loaded: string): Command {
  return command
    .option(
      '--jobs <n>',
      `threads, each with its own copy of ${loaded} (default: one per core)`,
      positiveInteger,
    )
    .option(
      '--batch <n>',
      `dialogues that each thread runs at once (default: ${BATCH_DEFAULT})`,
      positiveInteger,
    );
}
