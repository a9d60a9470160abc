/**
 * `holdfast inspect`: describes a model, how the executors store its weights, and the memory it needs.
 */
import type { Command } from 'commander';
import { PRECISIONS } from '../../executors/index.js';
import { addModelArgument, positiveInteger } from '../options/index.js';
import { stdout } from '../terminal/index.js';
import { type InspectOptions, inspect } from './report.js';
import { inspectionLines } from './view.js';

/** Adds the arguments and options of `holdfast inspect`. */
export function addInspect(command: Command): void {
  addModelArgument(command)
    .option(
      '--context <n>',
      "context to compute memory for, in tokens (default: the model's own)",
      positiveInteger,
    )
    .option('--precision <p>', `precision of the weights in memory: ${PRECISIONS.join(', ')} (default: auto)`)
    .option('--tensors', 'also list every tensor and how it is stored')
    .option('--json', 'write the report as JSON, with every tensor')
    .action(async (named: string | undefined, options: InspectOptions) => {
      const report = await inspect(named, options);
      stdout.lines(
        options.json
          ? [JSON.stringify(report)]
          : inspectionLines(report, options.tensors === true, stdout.paint),
      );
    });
}
