import type { Score } from '../statistics/index.js';
import type { Clusters } from './clusters.js';
import type { Dialogue, Measured, Rounds } from './dialogues.js';

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
export function readMeasured(name: Measured): ReadRound {
  let of: Rounds | null = null;
  let values: Float64Array = new Float64Array();
  return (row, { rounds }) => {
    // A column is looked up once: that takes longer than to read it.
    if (rounds !== of) [of, values] = [rounds, rounds.measured[name]];
    return scoreOf(values[row]!);
  };
}

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

/** Returns the contribution of one dialogue to a mean over the selected rounds. */
export function scoreIn(dialogue: Dialogue, has: RoundFilter, read: ReadRound): Score {
  const { rounds, from, to } = dialogue;
  let [sum, count] = [0, 0];
  for (let row = from; row < to; row++) {
    if (!has(rounds.round[row]!)) continue;
    const score = read(row, dialogue);
    sum += score.sum;
    count += score.count;
  }
  return { sum, count };
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
  /** The selections that have a round, by its number. */
  const selecting: number[][] = [];
  const sums = new Float64Array(selections.length);
  const counts = new Float64Array(selections.length);
  for (const cluster of clusters) {
    sums.fill(0);
    counts.fill(0);
    for (const dialogue of cluster) {
      const { rounds, from, to } = dialogue;
      for (let row = from; row < to; row++) {
        const round = rounds.round[row]!;
        selecting[round] ??= [...selections.keys()].filter((at) => selections[at]!(round));
        const own = selecting[round];
        if (own.length === 0) continue;
        const { sum, count } = read(row, dialogue);
        for (let each = 0; each < own.length; each++) {
          sums[own[each]!]! += sum;
          counts[own[each]!]! += count;
        }
      }
    }
    for (const [at, own] of scores.entries()) own.push({ sum: sums[at]!, count: counts[at]! });
  }
  return scores;
}

/** Returns the rounds that occur in any dialogue, ascending. */
export const roundsOf = (clusters: Clusters): number[] => roundsWith(clusters, () => true);

/** Probed rounds of clusters, which every contrast, effect and mixed model of an arm asks for. */
const probedRounds = new WeakMap<Clusters, readonly number[]>();

/** Returns the rounds after which any dialogue was probed, ascending. */
export function probedRoundsOf(clusters: Clusters): readonly number[] {
  const probed =
    probedRounds.get(clusters) ??
    roundsWith(clusters, (row, { rounds: { probesFrom } }) => probesFrom[row + 1]! > probesFrom[row]!);
  probedRounds.set(clusters, probed);
  return probed;
}

/** Returns the rounds in which any dialogue has something, ascending. */
export function roundsWith(clusters: Clusters, has: (row: number, dialogue: Dialogue) => boolean): number[] {
  const found = new Set<number>();
  for (const cluster of clusters) {
    for (const dialogue of cluster) {
      const { rounds, from, to } = dialogue;
      for (let row = from; row < to; row++) if (has(row, dialogue)) found.add(rounds.round[row]!);
    }
  }
  return [...found].sort((a, b) => a - b);
}
