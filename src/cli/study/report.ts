import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { makeFolder, writeWhole } from '../../files/index.js';
import { readStudyResult, reportFiles } from '../../findings/index.js';
import { positiveInteger } from '../options/index.js';
import { stdout } from '../terminal/index.js';

/** Adds `study report`: writes a page, figures and tables from a study's results. */
export function addReportCommand(study: Command): void {
  study
    .command('report')
    .description('write a page, figures and tables from the results of a study')
    .argument('<folder>', 'the results folder of the study')
    .option('--out <folder>', 'where to write the report (default: report, inside the results folder)')
    .option('--dialogues <n>', 'dialogues to show per model and source, at most', positiveInteger, 24)
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
      stdout.lines([
        `${join(target, 'index.html')}: the report, with ${figures} figures and ${tables} tables beside it`,
      ]);
    });
}
