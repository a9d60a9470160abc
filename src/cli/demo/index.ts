/**
 * `holdfast demo`: runs the embedded model off and held, shows a dialogue as it is generated, and writes a table, a
 * figure and a page.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { addForceOption, BATCH_DEFAULT, positiveInteger } from '../options/index.js';
import type { DemoFlags } from './run.js';

/** The smallest number of dialogues; intervals over fewer are too narrow. */
const FEWEST_DIALOGUES = 8;

/** Adds the arguments and options of `holdfast demo`. */
export function addDemo(command: Command): void {
  command
    .option(
      '--dialogues <n>',
      `number of dialogues in the table, at least ${FEWEST_DIALOGUES}`,
      dialogueCount,
      24,
    )
    .option(
      '--batch <n>',
      `dialogues of the table that each thread runs at once (default: ${BATCH_DEFAULT})`,
      positiveInteger,
    )
    .option('--out <folder>', 'folder for the page, its figure and the dialogue', 'holdfast-demo');
  addForceOption(command, 'the demo of --out').action(async (flags: DemoFlags) => {
    // Imported here, so that other commands do not load the organism and the report.
    const { runDemo } = await import('./run.js');
    await runDemo(flags);
  });
}

function dialogueCount(text: string): number {
  const count = positiveInteger(text);
  if (count < FEWEST_DIALOGUES) throw new InvalidArgumentError(`It must be at least ${FEWEST_DIALOGUES}.`);
  return count;
}
