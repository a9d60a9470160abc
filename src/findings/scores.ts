import type { Score } from '../statistics/index.js';
import type { Clusters } from './clusters.js';
import type { Dialogue, Measured } from './dialogues.js';

/** Selects rounds by their number. */
export type RoundFilter = (round: number) => boolean;

/** Reads the contribution of a round, given its row, to a mean. */
export type ReadRound = (row: number, dialogue: Dialogue) => Score;

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

/** Returns the score of a number; an empty score for NaN. */
export function scoreOf(value: number): Score {
  return Number.isNaN(value) ? NOTHING : { sum: value, count: 1 };
}

/** Reads a number of a round; an empty score where it was not measured. */
export const readMeasured =
  (name: Measured): ReadRound =>
  (row, { rounds }) =>
    scoreOf(rounds.measured[name][row]!);

/** Selects probes of dialogues, given their places. */
export type ProbeFilter = (probe: number, dialogue: Dialogue) => boolean;

/** Selects all probes. */
export const everyProbe: ProbeFilter = () => true;

/** Reads the scores of a round's probes. */
export const probeScores = (has: ProbeFilter = everyProbe): ReadRound =>
  readProbes((probe, dialogue) =>
    has(probe, dialogue) ? { sum: dialogue.rounds.score[probe]!, count: 1 } : null,
  );

/** Reads the sum of what the probes of a round contribute; null for a probe that contributes nothing. */
export function readProbes(read: (probe: number, dialogue: Dialogue) => Score | null): ReadRound {
  return (row, dialogue) => {
    const { probesFrom } = dialogue.rounds;
    let sum = 0;
    let count = 0;
    for (let probe = probesFrom[row]!; probe < probesFrom[row + 1]!; probe++) {
      const score = read(probe, dialogue);
      if (score === null) continue;
      sum += score.sum;
      count += score.count;
    }
    return { sum, count };
  };
}

/** Returns the contribution of each cluster to a mean over the selected rounds, `[clusters]`. */
export function scoresIn(clusters: Clusters, has: RoundFilter, read: ReadRound): Score[] {
  return scoresInEach(clusters, [has], read)[0]!;
}

/** Returns what {@link scoresIn} returns for each selection of rounds, `[selections][clusters]`, and reads every round once. */
export function scoresInEach(
  clusters: Clusters,
  selections: readonly RoundFilter[],
  read: ReadRound,
): Score[][] {
  const scores = selections.map((): Score[] => []);
  const sums = new Float64Array(selections.length);
  const counts = new Float64Array(selections.length);
  for (const cluster of clusters) {
    sums.fill(0);
    counts.fill(0);
    for (const dialogue of cluster) {
      const { rounds, from, to } = dialogue;
      for (let row = from; row < to; row++) {
        const round = rounds.round[row]!;
        let score: Score | null = null;
        for (let at = 0; at < selections.length; at++) {
          if (!selections[at]!(round)) continue;
          score ??= read(row, dialogue);
          sums[at]! += score.sum;
          counts[at]! += score.count;
        }
      }
    }
    for (const [at, own] of scores.entries()) own.push({ sum: sums[at]!, count: counts[at]! });
  }
  return scores;
}

/** Returns the rounds that occur in any dialogue, ascending. */
export const roundsOf = (clusters: Clusters): number[] => roundsWith(clusters, () => true);

/** Returns the rounds after which any dialogue was probed, ascending. */
export const probedRoundsOf = (clusters: Clusters): number[] =>
  roundsWith(clusters, (row, { rounds: { probesFrom } }) => probesFrom[row + 1]! > probesFrom[row]!);

/** Returns the rounds in which any dialogue has something, ascending. */
export function roundsWith(clusters: Clusters, has: (row: number, dialogue: Dialogue) => boolean): number[] {
  const found = new Set<number>();
  for (const dialogue of clusters.flat()) {
    const { rounds, from, to } = dialogue;
    for (let row = from; row < to; row++) if (has(row, dialogue)) found.add(rounds.round[row]!);
  }
  return [...found].sort((a, b) => a - b);
}
