import { type Command, InvalidArgumentError } from 'commander';
import { pilotPower, powerTable, readStudyColumns } from '../../findings/index.js';
import { readableTable, textTable } from '../../report/index.js';
import { decimal } from '../options/index.js';
import { stdout } from '../terminal/index.js';

/** Adds `study power`: estimates from a pilot study how many prompts it takes to detect an effect. */
export function addPowerCommand(study: Command): void {
  study
    .command('power')
    .description('estimate from a pilot study how many prompts it takes to detect an effect')
    .argument('<folder>', 'the results folder of the pilot')
    .option('--effect <x>', 'the difference in stability to detect', effectSize, 0.1)
    .option('--json', 'write the estimate as JSON')
    .action(async (folder: string, { effect, json }: { effect: number; json?: true }) => {
      const power = pilotPower(await readStudyColumns(folder), effect);
      if (json) {
        stdout.lines([JSON.stringify(power)]);
        return;
      }
      const table = powerTable(power);
      const lines =
        power.arms.length === 0
          ? ['Nothing to compare: at least two arms must share probed dialogues of at least two prompts.']
          : [...textTable(readableTable(table)), '', table.note];
      stdout.lines(lines);
    });
}

function effectSize(text: string): number {
  const effect = decimal(text);
  if (effect <= 0 || effect > 1) throw new InvalidArgumentError('It must be above 0 and at most 1.');
  return effect;
}
