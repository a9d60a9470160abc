import type { Command } from 'commander';
import { HoldfastError } from '../../errors.js';
import { readText } from '../../files/index.js';
import { agreementTables, judgeAgreement, parseLabels } from '../../findings/index.js';
import { readableTable, textTable } from '../../report/index.js';
import { stdout } from '../terminal/index.js';
import { judgedAnswers } from './answers.js';

/** Adds `judge agree`: compares a person's labels with the judges' scores. */
export function addAgreeCommand(judge: Command): void {
  judge
    .command('agree')
    .description("compare a person's labels with the judges, and correct stability for the judges' errors")
    .argument('<folder>', 'the results folder of the study')
    .argument('<labels>', 'the filled-in file of judge sample')
    .option('--json', 'write the agreement as JSON')
    .action(agree);
}

async function agree(folder: string, file: string, { json }: { readonly json?: true }): Promise<void> {
  const answers = await judgedAnswers(folder);
  const labels = parseLabels(await readText(file), file, new Set(answers.map(({ id }) => id)));
  if (labels.length === 0) {
    throw new HoldfastError('E_LABELS', 'the file has no labels', {
      file,
      hint: 'Fill in the file that judge sample wrote',
    });
  }
  const agreement = judgeAgreement(answers, labels);
  stdout.lines(
    json === true
      ? [JSON.stringify(agreement)]
      : agreementTables(agreement).flatMap((table, at) => [
          ...(at === 0 ? [] : ['']),
          ...textTable(readableTable(table)),
          '',
          table.note,
        ]),
  );
}
