import type { StudySpec } from '../spec/index.js';
import type { RankingRecord } from './record.js';
import type { HeadScores } from './resolve-arm.js';

/**
 * What heads are ranked by, from dialogues of the untouched model; each dialogue counts the same.
 *
 *   share(l, h) = mean of π(l, h) over rounds
 *   decay(l, h) = mean of π(l, h) over early rounds − over late ones
 *
 * The fall is in shares, not relative to where it began: a head that never looks at the prompt would lead a relative
 * ranking by its noise, and has no hold to lose.
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

/** The rounds from one to another, counted from 1; the nearest one where a dialogue has none of them. */
function within<T>(rounds: readonly T[], from: number, to: number): readonly T[] {
  return rounds.slice(Math.min(from, rounds.length) - 1, to);
}

/** The mean of each column. */
function meanOf(rows: readonly (readonly number[])[]): number[] {
  return rows[0]!.map((_, column) => rows.reduce((sum, row) => sum + row[column]!, 0) / rows.length);
}
