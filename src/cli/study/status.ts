import type { Command } from 'commander';
import { textTable } from '../../report/index.js';
import { exportStudy, type Survey, type SurveyRow, surveyStudy } from '../../study/index.js';
import { goOnCommand } from './go-on.js';
import { failureLines } from './summary.js';

export function registerStudyStatus(study: Command): void {
  study
    .command('status')
    .description('say how far a study is, and write results and tables of what is done')
    .argument('<dir>', 'the folder of its results')
    .option('--json', 'write it as JSON')
    .action(status);
}

async function status(folder: string, { json }: { readonly json?: true }): Promise<void> {
  const survey = await surveyStudy(folder);
  if (survey.damaged.length === 0) await exportStudy(folder);
  else process.exitCode = 1;
  const { file, ...counts } = survey;
  if (json === true) process.stdout.write(`${JSON.stringify({ name: file.name, ...counts }, null, 2)}\n`);
  else process.stdout.write(`${statusLines(survey, folder).join('\n')}\n`);
}

/** How far a study is, for a person. */
export function statusLines({ file, rows, failures, damaged }: Survey, folder: string): string[] {
  const { name, origin } = file;
  const sum = (count: (row: SurveyRow) => number): number => rows.reduce((all, row) => all + count(row), 0);
  const lacking = sum(({ missing }) => missing) + damaged.length;
  const goOn = goOnCommand(origin, folder);
  const shard = origin.shard === null ? '' : `, shard ${origin.shard.index} of ${origin.shard.count}`;
  return [
    `${name}${shard}: ${sum(({ done }) => done)} done, ${failures.length} failed, ${lacking} missing`,
    '',
    ...textTable({
      heading: ['model', 'source', 'arm', 'measure', 'done', 'failed', 'missing'],
      rows: rows.map((row) => [
        ...namesOf(row),
        ...[row.done, row.failed, row.missing + row.damaged].map(String),
      ]),
      wordy: [1, 2, 3],
    }),
    '',
    ...damaged.map((cell) => `damaged: ${cell.file}: ${cell.damage}`),
    ...failureLines(failures),
    ...(lacking > 0 ? [`To go on: ${goOn}`] : []),
    ...(failures.length > 0 ? [`To try failed cells again: ${goOn} --retry-failed`] : []),
    damaged.length > 0
      ? 'Results were not written: a run sets damaged files aside and computes their cells anew.'
      : `Results of what is done: ${folder} (results.jsonl; rounds, probes, costs and heads as .parquet)`,
  ];
}

/** Model, source, arm, and what is measured. Heads are ranked for all arms at once. */
function namesOf({ kind, measure, model, source, arm }: SurveyRow): string[] {
  if (kind === 'ranking') return [model, source, '–', 'ranking of heads'];
  return [model, source, arm, measure ?? 'dialogues'];
}
