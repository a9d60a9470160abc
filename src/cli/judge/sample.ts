import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { HoldfastError } from '../../errors.js';
import { writeWhole } from '../../files/index.js';
import { labelFile, sampleAnswers } from '../../findings/index.js';
import { positiveInteger } from '../options/index.js';
import { quoted, stdout } from '../terminal/index.js';
import { judgedAnswers } from './answers.js';

interface SampleOptions {
  readonly out: string;
  readonly count: number;
  readonly seed: number;
}

/** Adds `judge sample`: writes answers of a study for a person to label. */
export function addSampleCommand(judge: Command): void {
  judge
    .command('sample')
    .description('write answers of a study for a person to label, blind to arm, round and score')
    .argument('<folder>', 'the results folder of the study')
    .requiredOption('--out <file>', 'the CSV file to write')
    .option('-n, --count <n>', 'answers to write, at most', positiveInteger, 200)
    .option('--seed <n>', 'seed of the sample', positiveInteger, 1)
    .action(sample);
}

async function sample(folder: string, { out, count, seed }: SampleOptions): Promise<void> {
  // The labels in it would be lost.
  if (existsSync(out)) {
    throw new HoldfastError('E_UNWRITABLE', 'the file exists, and may contain labels', {
      file: out,
      hint: 'Choose another --out, or remove the file',
    });
  }
  const answers = await judgedAnswers(folder);
  const drawn = sampleAnswers(answers, count, seed);
  await writeWhole(out, [Buffer.from(labelFile(drawn))]);
  stdout.lines([
    `${out}: ${drawn.length} of ${new Set(answers.map(({ id }) => id)).size} answers`,
    'Write yes into the column label of each answer that does what its prompt asks, otherwise no. Then:',
    `holdfast judge agree ${quoted(folder)} ${quoted(out)}`,
  ]);
}
