/**
 * `holdfast measure`: leads dialogues and writes how attention to the system prompt decays in them.
 */
import { type Command, Option } from 'commander';
import { addModelArgument, addModelOptions, addSettingsOptions, positiveInteger } from '../options/index.js';
import type { MeasureFlags } from './run.js';

export function registerMeasure(program: Command): void {
  const command = program
    .command('measure')
    .description(
      "measure how the system prompt's share of attention decays, for every token, layer and head",
    );
  addModelArgument(command)
    .addOption(
      new Option('--chat <file>', 'say again what users said in recorded dialogues, JSON or JSONL').conflicts(
        ['script', 'selfChat'],
      ),
    )
    .option('--as-written', 'read the answers of a --chat to the model, instead of having it make its own')
    .addOption(
      new Option('--self-chat', 'two copies of the model talk, each under a prompt of its own').conflicts(
        'script',
      ),
    )
    .option('--script <name>', "a scripted user; organism, the embedded model's own trials, is its default")
    .option('--pairs <n>', 'dialogues (16, or all of a --chat)', positiveInteger)
    .option('--rounds <n>', 'turns of a dialogue (12, 8 of --self-chat, all of a --chat)', positiveInteger)
    .requiredOption('--out <dir>', 'where shares, dialogues, summary and figures are written');
  addSettingsOptions(command, { temperature: '1', topP: '0.9', maxTokens: '400; organism 96' });
  addModelOptions(command)
    .option('--json', 'print the summary as one line of JSON')
    .action(async (named: string | undefined, flags: MeasureFlags) => {
      // Only now: no other command waits for tables and figures.
      const { runMeasure } = await import('./run.js');
      await runMeasure(named, flags);
    });
}
