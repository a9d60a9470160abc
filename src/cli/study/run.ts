import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { planText, type RunSummary, runStudy, type Shard, type Study } from '../../study/index.js';
import { positiveInteger } from '../options/index.js';
import { goOnCommand } from './go-on.js';
import type { StudyParts } from './parts.js';
import { createProgressLine } from './progress.js';
import { leftLine, summaryJson, summaryLines } from './summary.js';

export interface RunFlags {
  readonly out?: string;
  readonly jobs: number;
  readonly shard?: Shard;
  readonly dryRun?: true;
  readonly retryFailed?: true;
  readonly model: Readonly<Record<string, string>>;
  readonly json?: true;
}

export function registerStudyRun(study: Command, parts: StudyParts): void {
  study
    .command('run')
    .description('run a study, or go on with it: what is done already is kept and not done again')
    .argument('<spec>', 'the study, a YAML file')
    .option('--out <dir>', 'the folder of its results (studies/NAME)')
    .option(
      '--jobs <n>',
      'cells at a time, each with models of its own',
      positiveInteger,
      availableParallelism(),
    )
    .option('--shard <i/n>', 'part i of n, to be run on several machines and merged', readShard)
    .option('--dry-run', 'show what it comes to, and compute no more than an estimate of its time needs')
    .option('--retry-failed', 'compute cells again that failed')
    .option('--model <name=path>', 'use this path for a model of the study; repeatable', readModel, {})
    .option('--json', 'write the summary as JSON')
    .action((file: string, flags: RunFlags) => run(file, flags, parts));
}

async function run(file: string, flags: RunFlags, { openStudy, cells }: StudyParts): Promise<void> {
  const study = await openStudy(file, flags.model);
  const folder = flags.out ?? defaultFolder(study.spec.name, flags.shard ?? null);
  const line = createProgressLine(process.stderr);
  const interrupt = listenForSignals();
  const summary = await runStudy(study, {
    folder,
    cells,
    jobs: flags.jobs,
    shard: flags.shard ?? null,
    models: flags.model,
    retryFailed: flags.retryFailed === true,
    dryRun: flags.dryRun === true,
    signal: interrupt.signal,
    onProgress: line.show,
    onDamaged: (damaged, damage, aside) =>
      line.note(
        `note: ${damaged} was damaged (${damage}); it is now ${aside}, and the cell is computed anew`,
      ),
  }).finally(() => {
    line.end();
    interrupt.end();
  });
  const goOn = goOnCommand({ file, models: flags.model, shard: flags.shard ?? null }, folder);
  const caught = interrupt.caught();
  if (caught !== null) {
    process.stderr.write(
      `stopped: ${summary.done} of ${summary.total} cells are done and kept in ${folder}. To go on: ${goOn}\n`,
    );
    process.exitCode = EXIT_CODES[caught];
    return;
  }
  if (flags.json === true) process.stdout.write(`${JSON.stringify(summaryJson(summary, folder), null, 2)}\n`);
  else
    write(
      flags.dryRun === true ? dryRunLines(study, summary, flags, goOn) : summaryLines(summary, folder, goOn),
    );
  if (summary.failures.length > 0) process.exitCode = 1;
}

const write = (lines: readonly string[]): void => {
  process.stdout.write(lines.map((text) => `${text}\n`).join(''));
};

function dryRunLines(study: Study, summary: RunSummary, { jobs }: RunFlags, goOn: string): string[] {
  const { plan, msOf } = summary;
  const known = plan.every((cell) => msOf(cell) !== null);
  return [
    ...planText(study.spec, plan, known ? (cell) => msOf(cell) ?? 0 : null),
    leftLine(summary, jobs),
    `To run it: ${goOn}`,
  ];
}

/** As shells count them: 128 and the number of the signal. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof EXIT_CODES;

/** The first signal asks the run to end; a second one ends the process. */
function listenForSignals() {
  const controller = new AbortController();
  let caught: Signal | null = null;
  const listen = (signal: Signal): void => {
    if (caught !== null) process.exit(EXIT_CODES[signal]);
    caught = signal;
    controller.abort();
  };
  process.on('SIGINT', listen).on('SIGTERM', listen);
  return {
    signal: controller.signal,
    caught: (): Signal | null => caught,
    end: (): void => void process.off('SIGINT', listen).off('SIGTERM', listen),
  };
}

function defaultFolder(name: string, shard: Shard | null): string {
  return join('studies', shard === null ? name : `${name}-${shard.index}of${shard.count}`);
}

function readShard(text: string): Shard {
  const [, index, count] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (index === undefined || count === undefined || index < 1 || index > count) {
    throw new InvalidArgumentError('It must be i/n, with i from 1 to n.');
  }
  return { index, count };
}

function readModel(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('It must be NAME=PATH.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
