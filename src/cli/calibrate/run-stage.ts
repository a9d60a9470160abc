import { join } from 'node:path';
import { HoldfastError } from '../../errors.js';
import { readStudyResult, type StudyResult } from '../../findings/index.js';
import type { Study } from '../../study/index.js';
import { runShown } from '../running/index.js';
import { stderr, verbosity } from '../terminal/index.js';
import type { Prepared, PromptFlags } from './prepare.js';

/** A stage that a signal stopped. */
class Stopped extends Error {
  constructor(readonly exitCode: number) {
    super('stopped');
  }
}

/**
 * Runs a study of a prompt, or resumes it, and returns its results.
 * @param words what is done, for the user
 * @param cells a module that exports a function `open` of type OpenCells
 * @throws Stopped when a signal stopped it; HoldfastError when the untouched model failed
 */
export async function runStage(
  study: Study,
  words: string,
  { folder }: Prepared,
  { jobs, batch, now }: PromptFlags,
  cells: URL,
): Promise<StudyResult> {
  const results = join(folder, study.spec.name.replace(/-calibration$/, ''));
  if (!verbosity().quiet) stderr.lines([words]);
  const { summary, stopped } = await runShown(study, {
    ...{ folder: results, cells, jobs, batch, now },
    ...{ shard: null, models: {}, retryFailed: true, dryRun: false },
  });
  if (stopped !== null) {
    stderr.lines([
      `stopped: ${summary.done} of ${summary.total} cells are done and kept in ${results}. To resume, run the same command again.`,
    ]);
    throw new Stopped(stopped);
  }
  const [baseline] = study.spec.arms;
  const broken = summary.failures.find(({ labels }) => labels.arm === baseline!.name);
  if (broken !== undefined) {
    throw new HoldfastError(
      'E_SPEC',
      `the untouched model could not be measured: ${broken.error.split('\n')[0]}`,
      {
        file: join(folder, `${study.spec.name}.yaml`),
      },
    );
  }
  return readStudyResult(results);
}

/** Waits for a command whose stages a signal may stop, and sets the exit code if one did. */
export async function untilStopped(command: Promise<void>): Promise<void> {
  try {
    await command;
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    process.exitCode = error.exitCode;
  }
}
