import { type RunOptions, type RunSummary, runStudy, type Study } from '../../study/index.js';
import { listenForSignals, SIGNAL_CODES, stderr } from '../terminal/index.js';
import { damageText } from './damage-text.js';
import { createProgressLine } from './progress.js';

/** The result of a run, and the exit code of the signal that stopped it; null if none did. */
export interface ShownRun {
  readonly summary: RunSummary;
  readonly stopped: number | null;
}

/** Runs a study, or resumes it, with a progress line on stderr. The first Ctrl-C stops it and keeps finished cells. */
export async function runShown(
  study: Study,
  options: Omit<RunOptions, 'signal' | 'onProgress' | 'onDamaged'>,
): Promise<ShownRun> {
  const line = createProgressLine(stderr);
  const interrupt = listenForSignals();
  const summary = await runStudy(study, {
    ...options,
    signal: interrupt.signal,
    onProgress: line.show,
    onDamaged: (...damage) => line.warn(damageText(...damage)),
  }).finally(() => {
    line.end();
    interrupt.end();
  });
  const caught = interrupt.caught();
  return { summary, stopped: caught === null ? null : SIGNAL_CODES[caught] };
}
