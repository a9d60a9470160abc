import type { Command } from 'commander';
import { runWorker } from '../../study/index.js';
import { addConcurrencyOptions, type ConcurrencyFlags } from '../options/index.js';
import { damageText } from '../running/index.js';
import { listenForSignals, note, SIGNAL_CODES, stderr } from '../terminal/index.js';
import type { StudyParts } from './parts.js';
import { readQueue } from './queue-option.js';
import { readModel } from './run.js';

interface WorkFlags extends ConcurrencyFlags {
  readonly queue: string;
  readonly out?: string;
  readonly model?: Readonly<Record<string, string>>;
}

/** Pause between two notes on what is done. */
const PAUSE_MS = 30_000;

/** Adds `study work`: computes the cells that `study run --queue` has put into a queue. */
export function addStudyWork(study: Command, parts: StudyParts): void {
  const command = study
    .command('work')
    .description('compute cells of a study that was started with study run --queue, until it is stopped')
    .argument('<spec>', 'the study specification, as study run has it')
    .requiredOption('--queue <url>', 'the Redis of the queue, as redis://HOST:PORT', readQueue)
    .option(
      '--out <folder>',
      'the results folder, if this machine shares it (default: send the records back)',
    );
  addConcurrencyOptions(command, 'the models')
    .option('--model <name=path>', 'path of a model of the study; repeatable', readModel)
    .action((file: string, flags: WorkFlags) => work(file, flags, parts));
}

async function work(file: string, flags: WorkFlags, { openStudy, cells }: StudyParts): Promise<void> {
  const study = await openStudy(file, flags.model ?? {}, false);
  for (const notice of study.notices) note(notice);
  const interrupt = listenForSignals();
  let notedMs = 0;
  try {
    const { jobs, batch, queue: url, out: folder = null } = flags;
    note(`waiting for cells of ${study.spec.name}; Ctrl-C ends it`);
    const done = await runWorker(study, {
      ...{ url, folder, cells, jobs, batch },
      signal: interrupt.signal,
      onJob(sums) {
        if (performance.now() - notedMs < PAUSE_MS) return;
        notedMs = performance.now();
        note(`${sums.cells} cells in ${sums.jobs} jobs`);
      },
      onDamaged: (...damage) => stderr.lines([damageText(...damage)]),
    });
    stderr.lines([`stopped: ${done.cells} cells in ${done.jobs} jobs are done`]);
  } finally {
    interrupt.end();
  }
  const caught = interrupt.caught();
  if (caught !== null) process.exitCode = SIGNAL_CODES[caught];
}
