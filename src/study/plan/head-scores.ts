import type { StudySpec } from '../spec/index.js';
import type { RankingRecord } from './record.js';
import type { HeadScores } from './resolve-arm.js';

/**
 * Returns the scores that heads are ranked by, from dialogues of the untouched model with equal weights:
 *
 *   share(l, h) = mean of π(l, h) over all rounds
 *   decay(l, h) = mean of π(l, h) over early rounds − mean over late rounds
 *
 * A head's mean is over the rounds in which it sees the prompt, and 0 if there are none. The decay is absolute, not
 * relative to the early share: a head that never attends to the prompt has no share to lose, but its noise could put it at
 * the top of a relative ranking.
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

/** Returns the mean of each column over the rows that have a value in it; 0 if none has. */
function meanOf(rows: readonly (readonly (number | null)[])[]): number[] {
  return rows[0]!.map((_, column) => {
    const values = rows.flatMap((row) => row[column] ?? []);
    return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  });
}
