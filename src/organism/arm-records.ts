import { meanOf, type Score, type Statistic } from '../statistics/index.js';
import type { ReferenceRound } from './reference-pass.js';
import type { RoundRecord } from './run-trial.js';

/** All that was seen of one arm; element n of each list belongs to one trial, the same in every arm. */
export interface ArmRecords {
  readonly name: string;
  readonly trials: readonly (readonly RoundRecord[])[];
  /** Reference passes over the trials; empty where none were made. */
  readonly references: readonly (readonly ReferenceRound[])[];
  /** Reference passes over trials with a bare system prompt: what the model can do, obedience apart. */
  readonly bare: readonly (readonly ReferenceRound[])[];
}

/** Which rounds, from 1, are meant. */
export type RoundFilter = (round: number) => boolean;

/** The mean of the scores of the probes after these rounds. */
export function stabilityIn(trials: ArmRecords['trials'], has: RoundFilter): Statistic {
  return meanIn(trials, has, ({ probes }) => totalOf(probes));
}

/** The mean loss on the reference answers of these rounds, in nats a token. */
export function lossIn(passes: ArmRecords['references'], has: RoundFilter): Statistic {
  return meanIn(passes, has, ({ loss, tokens }) => ({ sum: loss, count: tokens }));
}

/** The mean of what these rounds were scored, each trial with all its scores a cluster. */
export function meanIn<Round>(
  trials: readonly (readonly Round[])[],
  has: RoundFilter,
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

export function totalOf(scores: readonly { readonly score: number }[]): Score {
  return { sum: scores.reduce((sum, { score }) => sum + score, 0), count: scores.length };
}

/** The rounds after which probes were made. */
export function probedRounds([first]: ArmRecords['trials']): number[] {
  return first!.filter(({ probes }) => probes.length > 0).map(({ round }) => round);
}
