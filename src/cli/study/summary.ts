import { durationText } from '../../report/index.js';
import type { FailedCell, RunSummary } from '../../study/index.js';
import { oneLine } from '../terminal/index.js';
import { speedTexts } from './progress.js';

/** Failures that are told one by one. */
const MOST_FAILURES = 10;

/** What a run came to, for a person. */
export function summaryLines(summary: RunSummary, folder: string, goOn: string): string[] {
  const { total, computed, done, failed, complete, elapsedMs } = summary;
  const parts = [`${computed} computed`, `${done - computed} there before`, `${failed} failed`];
  return [
    `${total} cells: ${parts.join(', ')}`,
    ...(computed === 0 ? [] : [[durationText(elapsedMs), ...speedTexts(summary)].join(', ')]),
    ...failureLines(summary.failures),
    ...(failed === 0 ? [] : [`To try these again: ${goOn} --retry-failed`]),
    complete
      ? `Results: ${folder} (results.jsonl; rounds, probes, costs and heads as .parquet)`
      : 'Heads could not be ranked, and what the other cells are depends on that.',
  ];
}

export function failureLines(failures: readonly FailedCell[]): string[] {
  const told = failures.slice(0, MOST_FAILURES).map(({ labels, error }) => {
    const { model, source, arm, seed, index } = labels;
    return `failed: ${model}, ${source} ${index}, seed ${seed}, arm ${arm}: ${oneLine(error)}`;
  });
  const others = failures.length - told.length;
  return others === 0 ? told : [...told, `and ${others} other failures; all are in results.jsonl`];
}

export function leftLine({ done, total, leftMs }: RunSummary, jobs: number): string {
  const left = leftMs === null || done === total ? '' : `; the others take about ${durationText(leftMs)}`;
  return `${done} of ${total} cells are done${left}${left === '' ? '' : ` with --jobs ${jobs}`}`;
}

export function summaryJson(summary: RunSummary, folder: string): object {
  const { total, done, computed, failed, complete, elapsedMs, decodedTokens, outsideExecutor } = summary;
  const { leftMs, failures } = summary;
  return {
    folder,
    total,
    computed,
    reused: done - computed,
    failed,
    complete,
    elapsedMs,
    decodedTokens,
    outsideExecutor,
    leftMs,
    failures,
  };
}
