import { meanOf, type Score, type Statistic } from '../statistics/index.js';
import type { ReferenceRound } from './reference-pass.js';
import type { TrialRoundRecord } from './run-trial.js';

/** All records of one arm. Element n of each list belongs to the same trial in every arm. */
export interface TrialArmRecords {
  readonly name: string;
  readonly trials: readonly (readonly TrialRoundRecord[])[];
  /** Reference passes over the trials; empty if none were made. */
  readonly references: readonly (readonly ReferenceRound[])[];
  /** Reference passes over trials without instructions: what the model can do when there is nothing to obey. */
  readonly bare: readonly (readonly ReferenceRound[])[];
}

/** Selects rounds by number, from 1. */
export type TrialRoundFilter = (round: number) => boolean;

/** Returns the mean score of the probes after these rounds. */
export function stabilityIn(trials: TrialArmRecords['trials'], has: TrialRoundFilter): Statistic {
  return meanIn(trials, has, ({ probes }) => probeTotal(probes));
}

/** Returns the mean loss on the reference answers of these rounds, in nats a token. */
export function lossIn(passes: TrialArmRecords['references'], has: TrialRoundFilter): Statistic {
  return meanIn(passes, has, ({ loss, tokens }) => ({ sum: loss, count: tokens }));
}

/** Returns the mean of the scores of these rounds. Each trial is a cluster of all its scores. */
export function meanIn<Round>(
  trials: readonly (readonly Round[])[],
  has: TrialRoundFilter,
  scoreOf: (round: Round) => Score,
): Statistic {
  return meanOf(
    trials.map((rounds) => {
      const scores = rounds.filter((_, index) => has(index + 1)).map(scoreOf);
      return {
        sum: scores.reduce((total, { sum }) => total + sum, 0),
        count: scores.reduce((total, { count }) => total + count, 0),
      };
    }),
  );
}

/** Returns the sum and the count of scores. */
export function probeTotal(scores: readonly { readonly score: number }[]): Score {
  return { sum: scores.reduce((sum, { score }) => sum + score, 0), count: scores.length };
}

/** Returns the numbers of the probed rounds. */
export function probedRounds([first]: TrialArmRecords['trials']): number[] {
  return first!.filter(({ probes }) => probes.length > 0).map(({ round }) => round);
}
