import type { Command } from 'commander';
import { mergeStudies } from '../../study/index.js';
import { stdout } from '../terminal/index.js';

/** Adds `study merge`: merges the folders of a study's shards into one. */
export function addStudyMerge(study: Command): void {
  study
    .command('merge')
    .description('merge the shards of a study into one folder')
    .argument('<folder...>', 'the results folders of the shards')
    .requiredOption('--out <folder>', 'the folder to write')
    .action(merge);
}

async function merge(parts: readonly string[], { out }: { readonly out: string }): Promise<void> {
  const { total, kept, failed, plansDiffer } = await mergeStudies(parts, out);
  const missing = kept === total ? '' : `, ${total - kept} missing from all folders`;
  stdout.lines([
    `${out}: ${kept} of ${total} cells, ${failed} failed${missing}`,
    ...(plansDiffer
      ? [
          'The parts locked different analysis plans, so the merged study has none: its reports are after the fact.',
        ]
      : []),
  ]);
}
