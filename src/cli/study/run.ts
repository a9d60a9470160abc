import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { forecast } from '../../findings/index.js';
import { readableTable, textTable } from '../../report/index.js';
import { planText, queuedCells, type RunSummary, type Shard, type Study } from '../../study/index.js';
import type { Moment } from '../../text/index.js';
import {
  addConcurrencyOptions,
  type ConcurrencyFlags,
  dateTime,
  NOW_HELP,
  positiveInteger,
} from '../options/index.js';
import { runShown } from '../running/index.js';
import { commandName, note, quoted, stderr, stdout } from '../terminal/index.js';
import type { StudyParts } from './parts.js';
import { readQueue } from './queue-option.js';
import { resumeCommand } from './resume-command.js';
import { chosenShard, readShard, type ShardFlags } from './shard-option.js';
import { leftLine, summaryJson, summaryLines } from './summary.js';

interface RunFlags extends ConcurrencyFlags, ShardFlags {
  readonly out?: string;
  readonly queue?: string;
  readonly now?: Moment;
  readonly calibrate?: true;
  readonly dryRun?: true;
  readonly retryFailed?: true;
  readonly model?: Readonly<Record<string, string>>;
  readonly json?: true;
}

/** Adds `study run`: runs a study or resumes it. */
export function addStudyRun(study: Command, parts: StudyParts): void {
  const command = study
    .command('run')
    .description('run a study, or resume it: finished cells are kept and not computed again')
    .argument('<spec>', 'the study specification, a YAML file')
    .option('--out <folder>', 'the results folder (default: studies/NAME)');
  addConcurrencyOptions(command, 'the models')
    .option(
      '--shard <i/n|array>',
      'run only part i of n, for several machines, or the part of this Slurm array task; study merge joins the parts',
      readShard,
    )
    .addOption(
      new Option(
        '--shards <n>',
        'run one of n parts: the one that SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX numbers, from 0',
      )
        .argParser(positiveInteger)
        .conflicts('shard'),
    )
    .addOption(
      new Option('--queue <url>', 'let study work compute the cells, through the Redis at redis://HOST:PORT')
        .argParser(readQueue)
        .conflicts(['shard', 'shards', 'dryRun']),
    )
    .option(
      '--now <time>',
      `${NOW_HELP} (default: that of the specification or of the first run, which is recorded)`,
      dateTime,
    )
    .option(
      '--calibrate',
      "run the arms on the study's calibration dialogues, to choose strengths, rounds and a margin before the test",
    )
    .option('--dry-run', 'show the cells and the estimated time; compute only what the estimate needs')
    .option('--retry-failed', 'compute failed cells again')
    .option(
      '--model <name=path>',
      'path of a model of the study; repeatable (default: the paths in the file)',
      readModel,
    )
    .option('--json', 'write the summary as JSON')
    .action((file: string, flags: RunFlags) => run(file, flags, parts));
}

async function run(file: string, flags: RunFlags, { openStudy, brief, cells }: StudyParts): Promise<void> {
  const { model: models = {} } = flags;
  const shard = chosenShard(flags, process.env);
  const study = await openStudy(file, models, flags.calibrate === true);
  for (const notice of study.notices) note(notice);
  const folder = flags.out ?? defaultFolder(study.spec.name, shard);
  const { summary, stopped } = await runShown(study, {
    folder,
    cells,
    jobs: flags.jobs,
    batch: flags.batch,
    shard,
    now: flags.now,
    models,
    retryFailed: flags.retryFailed === true,
    dryRun: flags.dryRun === true,
    compute: flags.queue === undefined ? undefined : await queuedCells(flags.queue, study.spec.name),
  });
  const resume = resumeCommand({ file, models, shard, calibrates: flags.calibrate === true }, folder);
  if (stopped !== null) {
    stderr.lines([
      `stopped: ${summary.done} of ${summary.total} cells are done and kept in ${folder}. To resume: ${resume}`,
    ]);
    process.exitCode = stopped;
    return;
  }
  if (flags.json === true) stdout.text(`${JSON.stringify(summaryJson(summary, folder), null, 2)}\n`);
  else
    stdout.lines(
      flags.dryRun === true
        ? dryRunLines(study, summary, flags, resume)
        : summaryLines(summary, folder, shard, resume),
    );
  if (flags.json !== true && flags.dryRun !== true && shard === null)
    stdout.lines(await foundLines(summary, folder, brief));
  if (summary.failures.length > 0) process.exitCode = 1;
}

/** Returns what a whole study found, in one small table per model and source, and the command that writes the report. */
async function foundLines(
  { complete, done, total }: RunSummary,
  folder: string,
  brief: StudyParts['brief'],
): Promise<string[]> {
  if (!complete || done < total) return [];
  const tables = await brief(folder);
  return [
    ...tables.flatMap((table) => ['', table.title, ...textTable(readableTable(table))]),
    ...(tables.length === 0 ? [] : ['', tables[0]!.note]),
    `Next: ${commandName(process.argv[1]!, process.cwd())} study report ${quoted(folder)}`,
  ];
}

function dryRunLines(study: Study, summary: RunSummary, { jobs }: RunFlags, resume: string): string[] {
  const { plan, msOf } = summary;
  const known = plan.every((cell) => msOf(cell) !== null);
  return [
    ...planText(study.spec, plan, known ? (cell) => msOf(cell) ?? 0 : null),
    leftLine(summary, jobs),
    ...busyLines(summary),
    ...forecast(study).map((text) => `warning: ${text}`),
    `To run it: ${resume}`,
  ];
}

/** A part of the processor that other programs may well take: below it, times are said to be of another machine. */
const BUSY = 0.8;

/** Says that the machine was busy, and what the times are then. */
function busyLines({ processorShare }: RunSummary): string[] {
  if (processorShare >= BUSY) return [];
  return [
    `Other programs keep the processor busy: the measured cells got ${Math.ceil(100 * processorShare)} % of it. The times are those of a machine that does nothing else.`,
  ];
}

/** Returns the results folder of a study, or of its shard, if none is given. */
export function defaultFolder(name: string, shard: Shard | null): string {
  return join('studies', shard === null ? name : `${name}-${shard.index}of${shard.count}`);
}

/** Reads a `--model NAME=PATH`, added to those before it. */
export function readModel(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('It must be NAME=PATH.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
