/**
 * `holdfast inspect`: what a model is, what becomes of its weights, and the memory it takes.
 */
import type { Command } from 'commander';
import { PRECISIONS } from '../../executors/index.js';
import { addModelArgument, positiveInteger } from '../options/index.js';
import { painter } from '../terminal/index.js';
import { type InspectOptions, inspect } from './report.js';
import { printInspection } from './view.js';

export function registerInspect(program: Command): void {
  const command = program
    .command('inspect')
    .description('show what a model is, what becomes of its weights, and the memory it takes');
  addModelArgument(command)
    .option('--context <n>', 'tokens to count memory for (what the model was made for)', positiveInteger)
    .option('--precision <p>', `how executors are to hold weights: ${PRECISIONS.join(', ')} (auto)`)
    .option('--tensors', 'say of every tensor what becomes of it')
    .option('--json', 'write the same as JSON, every tensor included')
    .action(async (named: string | undefined, options: InspectOptions) => {
      const report = await inspect(named, options);
      process.stdout.write(
        options.json
          ? `${JSON.stringify(report)}\n`
          : printInspection(report, options.tensors === true, painter(process.stdout)),
      );
    });
}
