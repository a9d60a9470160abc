import { type Command, InvalidArgumentError } from 'commander';
import { pilotPower, powerTable, readStudyResult } from '../../findings/index.js';
import { readableTable, textTable } from '../../report/index.js';
import { decimal } from '../options/index.js';

/** `study power`: how many dialogues an effect needs, from a study taken as a pilot. */
export function addPowerCommand(study: Command): void {
  study
    .command('power')
    .description('say from a pilot how many dialogues an effect needs')
    .argument('<folder>', 'what study run wrote to')
    .option('--effect <x>', 'a difference of stability that is to be found', effectSize, 0.1)
    .option('--json', 'write the same as JSON')
    .action(async (folder: string, { effect, json }: { effect: number; json?: true }) => {
      const power = pilotPower(await readStudyResult(folder), effect);
      if (json) {
        process.stdout.write(`${JSON.stringify(power)}\n`);
        return;
      }
      const table = powerTable(power);
      const lines =
        power.arms.length === 0
          ? ['Nothing to compare: it takes two arms with two scenarios in common that were probed.']
          : [...textTable(readableTable(table)), '', table.note];
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

function effectSize(text: string): number {
  const effect = decimal(text);
  if (effect <= 0 || effect > 1) throw new InvalidArgumentError('It must be above 0 and at most 1.');
  return effect;
}
