import type { Command } from 'commander';
import { textTable } from '../../report/index.js';
import { exportStudy, type Shard, type Survey, type SurveyRow, surveyStudy } from '../../study/index.js';
import { stdout } from '../terminal/index.js';
import { resumeCommand } from './resume-command.js';
import { slurmLine } from './slurm.js';
import { failureLines } from './summary.js';

/** Adds `study status`: shows how much of a study is done, and writes its results so far. */
export function addStudyStatus(study: Command): void {
  study
    .command('status')
    .description('show how much of a study is done, and write results and tables of the finished cells')
    .argument(
      '<folder...>',
      'the results folder of the study; several: those of its shards, which are only counted',
    )
    .option('--json', 'write the status as JSON')
    .action(status);
}

async function status(folders: readonly string[], { json }: { readonly json?: true }): Promise<void> {
  const survey = await surveyStudy(folders);
  const [folder] = folders as [string, ...string[]];
  const isWhole = folders.length === 1;
  if (survey.damaged.length > 0) process.exitCode = 1;
  else if (isWhole) await exportStudy(folder);
  const { file, ...counts } = survey;
  if (json === true) {
    stdout.text(
      `${JSON.stringify({ name: file.name, now: file.now, analysis: file.analysis, ...counts }, null, 2)}\n`,
    );
  } else stdout.lines([...statusLines(survey), ...(isWhole ? oneLines(survey, folder) : manyLines(survey))]);
}

/** Returns the status of a study as text. */
function statusLines({ file, shard, rows, failures, damaged }: Survey): string[] {
  const sum = (count: (row: SurveyRow) => number): number => rows.reduce((all, row) => all + count(row), 0);
  return [
    `${file.name}${shardText(shard)}: ${sum(({ done }) => done)} done, ${failures.length} failed, ${missingIn(rows)} missing`,
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
  ];
}

const shardText = (shard: Shard | null): string =>
  shard === null ? '' : `, shard ${shard.index} of ${shard.count}`;

const missingIn = (rows: readonly SurveyRow[]): number =>
  rows.reduce((all, { missing, damaged }) => all + missing + damaged, 0);

/** Says how to resume the study of one folder, and where its results are. */
function oneLines({ file, shard, rows, failures, damaged }: Survey, folder: string): string[] {
  const resume = resumeCommand({ ...file.origin, shard }, folder);
  return [
    ...[slurmLine(folder)].filter((line) => line !== null),
    ...(missingIn(rows) > 0 ? [`To resume: ${resume}`] : []),
    ...(failures.length > 0 ? [`To retry failed cells: ${resume} --retry-failed`] : []),
    damaged.length > 0
      ? 'No results were written, because files are damaged. Run the study again: it computes their cells again.'
      : `Results of finished cells: ${folder} (results.jsonl; rounds, probes, chance, costs, influence and heads as .parquet)`,
  ];
}

/** Lists several folders, and says how to join them. */
function manyLines({ folders }: Survey): string[] {
  return [
    ...folders.map(
      ({ path, shard, kept }) => `${path}${shardText(shard)}: ${kept} cells are done or failed here`,
    ),
    'To write results, join the folders: study merge',
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
