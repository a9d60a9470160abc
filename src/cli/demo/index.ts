/**
 * `holdfast demo`: runs the embedded model off and held, shows a dialogue as it is generated, and writes a table, a
 * figure and a page.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { addForceOption, BATCH_DEFAULT, positiveInteger } from '../options/index.js';
import type { DemoFlags } from './run.js';

/** The smallest number of dialogues; intervals over fewer are too narrow. */
const FEWEST_TRIALS = 8;

export function registerDemo(program: Command): void {
  const command = program
    .command('demo')
    .description(
      'spend a minute with the embedded model: one dialogue off and held, then statistics over many',
    )
    .option('--trials <n>', `number of dialogues in the table, at least ${FEWEST_TRIALS}`, trialCount, 24)
    .option(
      '--batch <n>',
      `dialogues of the table that each thread runs at once (default: ${BATCH_DEFAULT})`,
      positiveInteger,
    )
    .option('--out <dir>', 'folder for the page, its figure and the dialogue', 'holdfast-demo');
  addForceOption(command, 'the demo of --out').action(async (flags: DemoFlags) => {
    // Imported here, so that other commands do not load the organism and the report.
    const { runDemo } = await import('./run.js');
    await runDemo(flags);
  });
}

function trialCount(text: string): number {
  const count = positiveInteger(text);
  if (count < FEWEST_TRIALS) throw new InvalidArgumentError(`It must be at least ${FEWEST_TRIALS}.`);
  return count;
}
