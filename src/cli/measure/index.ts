/**
 * `holdfast measure`: runs dialogues and records how attention to the system prompt decays in them.
 */
import { type Command, Option } from 'commander';
import {
  addModelArgument,
  addModelOptions,
  addSettingsOptions,
  BATCH_DEFAULT,
  COUNTED_SEED,
  positiveInteger,
} from '../options/index.js';
import type { MeasureFlags } from './run.js';

/** Adds the arguments and options of `holdfast measure`. */
export function addMeasure(command: Command): void {
  addModelArgument(command)
    .addOption(
      new Option('--chat <file>', 'replay the user messages of recorded dialogues, JSON or JSONL').conflicts([
        'script',
        'selfChat',
      ]),
    )
    .option('--as-written', 'use the recorded answers of a --chat instead of generating new ones')
    .addOption(
      new Option(
        '--self-chat',
        'let two copies of the model talk, each with its own system prompt',
      ).conflicts('script'),
    )
    .option(
      '--script <name>',
      'use a scripted user (default: with the embedded model, organism: its own trials)',
    )
    .option('--dialogues <n>', 'number of dialogues (default: 16, or all of a --chat)', positiveInteger)
    .option(
      '--rounds <n>',
      'turns per dialogue (default: 12; 8 with --self-chat; all of a --chat)',
      positiveInteger,
    )
    .option('--batch <n>', `dialogues that run at once (default: ${BATCH_DEFAULT})`, positiveInteger)
    .option(
      '--influence [references]',
      "also measure the prompt's influence on the answers, beside these references: others, none, sentences (each left out in turn), or a file with another prompt, separated by commas; with total, also the total influence beside each (default: others,none; none if there is one prompt)",
    )
    .requiredOption('--out <folder>', 'folder for shares, dialogues, summary and figures');
  addSettingsOptions(command, {
    ...COUNTED_SEED,
    temperature: '1',
    topP: '0.9',
    maxTokens: '400; organism 96',
  });
  addModelOptions(command)
    .option('--json', 'print the summary as one line of JSON')
    .action(async (named: string | undefined, flags: MeasureFlags) => {
      // Imported here, so that other commands do not load tables and figures.
      const { runMeasure } = await import('./run.js');
      await runMeasure(named, flags);
    });
}
