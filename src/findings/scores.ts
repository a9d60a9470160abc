import type { Score } from '../statistics/index.js';
import type { DialogueRecord, RoundRecord } from '../study/index.js';
import type { Clusters } from './slices.js';

/** Which rounds are meant. */
export type RoundFilter = (round: number) => boolean;

/** What a round adds to a mean. */
export type ReadRound = (round: RoundRecord, dialogue: DialogueRecord) => Score;

export const between =
  ([first, last]: readonly [first: number, last: number]): RoundFilter =>
  (round) =>
    round >= first && round <= last;

export const only =
  (number: number): RoundFilter =>
  (round) =>
    round === number;

const NOTHING: Score = { sum: 0, count: 0 };

/** A number that may be missing. */
export function scoreOf(value: number | null): Score {
  return value === null ? NOTHING : { sum: value, count: 1 };
}

/** Scores of probes; of those with a label, or of all. */
export function probeScores(label: string | null = null): ReadRound {
  return ({ probes }) =>
    totalOf(
      probes.filter((probe) => label === null || probe.label === label).map(({ score }) => scoreOf(score)),
    );
}

/** What every cluster adds to a mean over the rounds that are meant: `[clusters]`. */
export function scoresIn(clusters: Clusters, has: RoundFilter, read: ReadRound): Score[] {
  return clusters.map((cluster) =>
    totalOf(
      cluster.flatMap((dialogue) =>
        dialogue.rounds.filter(({ round }) => has(round)).map((round) => read(round, dialogue)),
      ),
    ),
  );
}

export function totalOf(scores: readonly Score[]): Score {
  let sum = 0;
  let count = 0;
  for (const score of scores) {
    sum += score.sum;
    count += score.count;
  }
  return { sum, count };
}

/** Rounds that some dialogue has, ascending. */
export function roundsOf(clusters: Clusters): number[] {
  return distinct(clusters.flat().flatMap(({ rounds }) => rounds.map(({ round }) => round)));
}

/** Rounds after which some dialogue was probed, ascending. */
export function probedRoundsOf(clusters: Clusters): number[] {
  const probed = clusters.flat().flatMap(({ rounds }) => rounds.filter(({ probes }) => probes.length > 0));
  return distinct(probed.map(({ round }) => round));
}

const distinct = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);
