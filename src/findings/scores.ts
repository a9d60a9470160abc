import { type Score, totalOf } from '../statistics/index.js';
import type { DialogueRecord, ProbeRecord, RoundRecord } from '../study/index.js';
import type { Clusters } from './clusters.js';

/** Selects rounds by their number. */
export type RoundFilter = (round: number) => boolean;

/** Reads the contribution of a round to a mean. */
export type ReadRound = (round: RoundRecord, dialogue: DialogueRecord) => Score;

/** Selects the rounds from `first` to `last`, both included. */
export const between =
  ([first, last]: readonly [first: number, last: number]): RoundFilter =>
  (round) =>
    round >= first && round <= last;

/** Selects one round. */
export const only =
  (number: number): RoundFilter =>
  (round) =>
    round === number;

const NOTHING: Score = { sum: 0, count: 0 };

/** Returns the score of a number; an empty score for null. */
export function scoreOf(value: number | null): Score {
  return value === null ? NOTHING : { sum: value, count: 1 };
}

/** Selects probes of dialogues. */
export type ProbeFilter = (probe: ProbeRecord, dialogue: DialogueRecord) => boolean;

/** Selects all probes. */
export const everyProbe: ProbeFilter = () => true;

/** Reads the scores of a round's probes. */
export function probeScores(has: ProbeFilter = everyProbe): ReadRound {
  return ({ probes }, dialogue) =>
    totalOf(probes.filter((probe) => has(probe, dialogue)).map(({ score }) => scoreOf(score)));
}

/** Returns the contribution of each cluster to a mean over the selected rounds, `[clusters]`. */
export function scoresIn(clusters: Clusters, has: RoundFilter, read: ReadRound): Score[] {
  return clusters.map((cluster) =>
    totalOf(
      cluster.flatMap((dialogue) =>
        dialogue.rounds.filter(({ round }) => has(round)).map((round) => read(round, dialogue)),
      ),
    ),
  );
}

/** Returns the rounds that occur in any dialogue, ascending. */
export function roundsOf(clusters: Clusters): number[] {
  return distinct(clusters.flat().flatMap(({ rounds }) => rounds.map(({ round }) => round)));
}

/** Returns the rounds after which any dialogue was probed, ascending. */
export function probedRoundsOf(clusters: Clusters): number[] {
  const probed = clusters.flat().flatMap(({ rounds }) => rounds.filter(({ probes }) => probes.length > 0));
  return distinct(probed.map(({ round }) => round));
}

const distinct = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);
