import { durationText } from '../../report/index.js';
import type { FailedCell, RunSummary, Shard } from '../../study/index.js';
import { speedTexts } from '../running/index.js';
import { oneLine } from '../terminal/index.js';

/** Failures that are listed; more are only counted. */
const MAX_LISTED_FAILURES = 10;

/** Returns the summary of a run as text. `resume` is the command that resumes it. */
export function summaryLines(
  summary: RunSummary,
  folder: string,
  shard: Shard | null,
  resume: string,
): string[] {
  const { total, computed, done, failed, complete, elapsedMs } = summary;
  const parts = [`${computed} computed`, `${done - computed} reused`, `${failed} failed`];
  return [
    `${total} cells: ${parts.join(', ')}`,
    ...(computed === 0 ? [] : [[durationText(elapsedMs), ...speedTexts(summary)].join(', ')]),
    ...failureLines(summary.failures),
    ...(failed === 0 ? [] : [`To retry them: ${resume} --retry-failed`]),
    complete
      ? whereLine(folder, shard)
      : 'The study is incomplete: ranking the heads failed, and the other cells depend on the ranking.',
  ];
}

/** Says where the results are. A shard has none of its own. */
function whereLine(folder: string, shard: Shard | null): string {
  return shard === null
    ? `Results: ${folder} (results.jsonl; rounds, probes, chance, costs, influence and heads as .parquet)`
    : `Shard ${shard.index} of ${shard.count} is in ${folder}. When all are done, study merge joins their folders.`;
}

/** Returns one line per failed cell, for the first ten. */
export function failureLines(failures: readonly FailedCell[]): string[] {
  const listed = failures.slice(0, MAX_LISTED_FAILURES).map(({ labels, error }) => {
    const { model, source, arm, seed, index } = labels;
    return `failed: ${model}, ${source} ${index}, seed ${seed}, arm ${arm}: ${oneLine(error)}`;
  });
  const others = failures.length - listed.length;
  return others === 0 ? listed : [...listed, `and ${others} other failures; results.jsonl has all`];
}

/** Returns how many cells are done, and an estimate of the time for the rest. */
export function leftLine({ done, total, leftMs }: RunSummary, jobs: number | undefined): string {
  const known = leftMs !== null && done < total;
  const threads = jobs === undefined ? '' : ` with --jobs ${jobs}`;
  const left = known ? `; the rest takes about ${durationText(leftMs)}${threads}` : '';
  return `${done} of ${total} cells are done${left}`;
}

/** Returns the summary of a run for `--json`. */
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
