import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { HoldfastError } from '../../errors.js';
import { writeWhole } from '../../files/index.js';
import { readStudyResult, reportFiles } from '../../findings/index.js';
import { positiveInteger } from '../options/index.js';

/** `study report`: a page, figures and tables from what a study left in its folder. */
export function addReportCommand(study: Command): void {
  study
    .command('report')
    .description('write a page, figures and tables about a study')
    .argument('<folder>', 'what study run wrote to')
    .option('--out <folder>', 'where to write (default: report, in the folder of the study)')
    .option('--dialogues <n>', 'dialogues of each model and source on the page, at most', positiveInteger, 24)
    .action(async (folder: string, { out, dialogues }: { out?: string; dialogues: number }) => {
      const target = out ?? join(folder, 'report');
      const files = await reportFiles(await readStudyResult(folder), { dialogues });
      for (const path of new Set(files.map((file) => dirname(join(target, file.path)))))
        await makeFolder(path);
      for (const { path, text } of files) {
        await writeWhole(join(target, path), [Buffer.from(text)]);
      }
      const figures = files.filter(({ path }) => path.endsWith('.svg')).length;
      const tables = files.filter(({ path }) => path.endsWith('.csv')).length;
      process.stdout.write(
        `${join(target, 'index.html')}: the report, with ${figures} figures and ${tables} tables beside it\n`,
      );
    });
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('E_UNWRITABLE', `the folder cannot be made: ${why}`, { file: path, cause });
  }
}
