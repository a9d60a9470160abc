import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import {
  type AnalysisChanges,
  checkPlan,
  planCheckWords,
  readStudyColumns,
  reportFiles,
  withChanges,
} from '../../findings/index.js';
import {
  decimal,
  type ForceFlag,
  oneMore,
  positiveInteger,
  refuseChanged,
  writeDerived,
} from '../options/index.js';
import { stdout } from '../terminal/index.js';

/** Adds `study report`: writes a page, figures and tables from a study's results. */
export function addReportCommand(study: Command): void {
  study
    .command('report')
    .description('write a page, figures and tables from the results of a study')
    .argument('<folder>', 'the results folder of the study')
    .option('--out <folder>', 'where to write the report (default: report, inside the results folder)')
    .option('--dialogues <n>', 'dialogues to show per model and source, at most', positiveInteger, 24)
    .option('--contrast <A:B>', 'compare two more arms, A minus B; repeatable', oneMore)
    .option('--early <rounds>', 'first and last early round, as 1-3 (default: as in the plan)', roundRange)
    .option('--late <rounds>', 'first and last late round, as 8-16 (default: as in the plan)', roundRange)
    .option('--margin <x>', 'test whether arms differ by less than this (default: as in the plan)', margin)
    .option('--force', 'also replace files of the report that were changed since')
    .action(async (folder: string, { out, dialogues, contrast, force, ...changes }: ReportFlags) => {
      const target = out ?? join(folder, 'report');
      const flags = force === undefined ? {} : { force };
      await refuseChanged(target, ['index.html', 'report.md'], flags);
      const study = withChanges(await readStudyColumns(folder), { ...changes, contrasts: contrast });
      const files = await reportFiles(study, { dialogues });
      const replaced = existsSync(join(target, 'index.html')) ? '; it replaces the one that was there' : '';
      await writeDerived(target, files, flags);
      const figures = files.filter(({ path }) => path.endsWith('.svg')).length;
      const tables = files.filter(({ path }) => path.endsWith('.csv')).length;
      stdout.lines([
        `${join(target, 'index.html')}: the report, with ${figures} figures and ${tables} tables beside it${replaced}`,
        planCheckWords(checkPlan(study)),
      ]);
    });
}

interface ReportFlags extends ForceFlag, Omit<AnalysisChanges, 'contrasts'> {
  readonly out?: string;
  readonly dialogues: number;
  readonly contrast?: readonly string[];
}

function roundRange(text: string): readonly [first: number, last: number] {
  const [, first, last] = (/^(\d{1,4})-(\d{1,4})$/.exec(text) ?? []).map(Number);
  if (first === undefined || last === undefined || first < 1 || first > last) {
    throw new InvalidArgumentError('It must be FIRST-LAST, from round 1.');
  }
  return [first, last];
}

function margin(text: string): number {
  const value = decimal(text);
  if (value <= 0 || value > 0.5) throw new InvalidArgumentError('It must be above 0 and at most 0.5.');
  return value;
}
