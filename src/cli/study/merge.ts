import type { Command } from 'commander';
import { mergeStudies } from '../../study/index.js';

export function registerStudyMerge(study: Command): void {
  study
    .command('merge')
    .description('make one folder of the shards of a study')
    .argument('<dir...>', 'their folders')
    .requiredOption('--out <dir>', 'the folder to be made')
    .action(merge);
}

async function merge(parts: readonly string[], { out }: { readonly out: string }): Promise<void> {
  const { total, kept, failed } = await mergeStudies(parts, out);
  const missing = kept === total ? '' : `, ${total - kept} are in none of the folders`;
  process.stdout.write(`${out}: ${kept} of ${total} cells, ${failed} failed${missing}\n`);
}
