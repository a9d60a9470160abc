/**
 * `holdfast demo`: the embedded model in dialogues off and held, shown as they come, with a table, a figure and a page.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { positiveInteger } from '../options/index.js';
import type { DemoFlags } from './run.js';

/** Intervals over fewer dialogues would promise more than they know. */
const FEWEST_TRIALS = 8;

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('a minute with the embedded model: one dialogue off and held, and what many of them say')
    .option('--trials <n>', `dialogues behind the table, from ${FEWEST_TRIALS}`, trialCount, 24)
    .option('--out <dir>', 'where a page, its figure and the dialogue are written', 'holdfast-demo')
    .action(async (flags: DemoFlags) => {
      // Only now: no other command waits for the organism and the report.
      const { runDemo } = await import('./run.js');
      await runDemo(flags);
    });
}

function trialCount(text: string): number {
  const count = positiveInteger(text);
  if (count < FEWEST_TRIALS) throw new InvalidArgumentError(`It must be at least ${FEWEST_TRIALS}.`);
  return count;
}
