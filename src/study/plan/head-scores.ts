import type { StudySpec } from '../spec/index.js';
import type { RankingRecord } from './record.js';
import type { HeadScores } from './resolve-arm.js';

/**
 * Returns the scores that heads are ranked by, from dialogues of the untouched model with equal weights:
 *
 *   share(l, h) = mean of π(l, h) over all rounds
 *   decay(l, h) = mean of π(l, h) over early rounds − mean over late rounds
 *
 * The decay is absolute, not relative to the early share: a head that never attends to the prompt has no share to lose,
 * but its noise could put it at the top of a relative ranking.
 */
export function headScores(
  records: readonly Pick<RankingRecord, 'heads'>[],
  { early, late }: Pick<StudySpec, 'early' | 'late'>,
): HeadScores {
  const meanIn = (from: number, to: number): number[] =>
    meanOf(records.map(({ heads }) => meanOf(within(heads, from, to))));
  const [first, last] = [meanIn(...early), meanIn(...late)];
  return {
    share: meanIn(1, Number.POSITIVE_INFINITY),
    decay: first.map((share, head) => share - last[head]!),
  };
}

/** Returns rounds `from` to `to`, counted from 1; the last round if the dialogue ends before `from`. */
function within<T>(rounds: readonly T[], from: number, to: number): readonly T[] {
  return rounds.slice(Math.min(from, rounds.length) - 1, to);
}

/** Returns the mean of each column. */
function meanOf(rows: readonly (readonly number[])[]): number[] {
  return rows[0]!.map((_, column) => rows.reduce((sum, row) => sum + row[column]!, 0) / rows.length);
}
