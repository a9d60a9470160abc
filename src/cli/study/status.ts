import type { Command } from 'commander';
import { textTable } from '../../report/index.js';
import { exportStudy, type Survey, type SurveyRow, surveyStudy } from '../../study/index.js';
import { stdout } from '../terminal/index.js';
import { resumeCommand } from './resume-command.js';
import { failureLines } from './summary.js';

/** Adds `study status`: shows how much of a study is done, and writes its results so far. */
export function addStudyStatus(study: Command): void {
  study
    .command('status')
    .description('show how much of a study is done, and write results and tables of the finished cells')
    .argument('<folder>', 'the results folder of the study')
    .option('--json', 'write the status as JSON')
    .action(status);
}

async function status(folder: string, { json }: { readonly json?: true }): Promise<void> {
  const survey = await surveyStudy(folder);
  if (survey.damaged.length === 0) await exportStudy(folder);
  else process.exitCode = 1;
  const { file, ...counts } = survey;
  if (json === true) {
    stdout.text(
      `${JSON.stringify({ name: file.name, now: file.now, analysis: file.analysis, ...counts }, null, 2)}\n`,
    );
  } else stdout.lines(statusLines(survey, folder));
}

/** Returns the status of a study as text. */
function statusLines({ file, rows, failures, damaged }: Survey, folder: string): string[] {
  const { name, origin } = file;
  const sum = (count: (row: SurveyRow) => number): number => rows.reduce((all, row) => all + count(row), 0);
  const missing = sum((row) => row.missing) + damaged.length;
  const resume = resumeCommand(origin, folder);
  const shard = origin.shard === null ? '' : `, shard ${origin.shard.index} of ${origin.shard.count}`;
  return [
    `${name}${shard}: ${sum(({ done }) => done)} done, ${failures.length} failed, ${missing} missing`,
    ...momentLines(file),
    analysisLine(file),
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
    ...(missing > 0 ? [`To resume: ${resume}`] : []),
    ...(failures.length > 0 ? [`To retry failed cells: ${resume} --retry-failed`] : []),
    damaged.length > 0
      ? 'No results were written, because files are damaged. Run the study again: it computes their cells again.'
      : `Results of finished cells: ${folder} (results.jsonl; rounds, probes, chance, costs, influence and heads as .parquet)`,
  ];
}

/** Returns the moment of the study; nothing for a folder that an older version wrote. */
function momentLines({ now, models }: Survey['file']): string[] {
  if (now === null) return [];
  const writers = models.filter(({ mayWriteTime }) => mayWriteTime).map(({ name }) => name);
  const who =
    writers.length === 0
      ? 'no chat template writes it'
      : `the chat template of ${writers.join(', ')} can write it`;
  return [`moment: ${now} (${who})`];
}

function analysisLine({ analysis }: Survey['file']): string {
  return analysis === null
    ? 'analysis plan: none was locked before the first cell'
    : `analysis plan: locked before the first cell, SHA-256 ${analysis.sha256}`;
}

/** Returns model, source, arm and what is measured. Rankings of heads and chance serve all arms, so they name none. */
function namesOf({ kind, measure, model, source, arm }: SurveyRow): string[] {
  if (kind === 'ranking') return [model, source, '–', 'ranking of heads'];
  if (kind === 'chance') return [model, source, '–', 'chance of probes'];
  return [model, source, arm, measure ?? (kind === 'influence' ? 'influence' : 'dialogues')];
}
