import {
  bootstrap,
  DIFFERENCES,
  differenceOf,
  type Estimate,
  meanOf,
  type Range,
  SCORES,
  type Statistic,
} from '../statistics/index.js';
import { stabilityIn } from './arm-records.js';
import type { TrialRoundRecord } from './run-trial.js';

/** The dialogues of one arm, each as a list of rounds. */
export type Dialogues = readonly (readonly TrialRoundRecord[])[];

/** A range of rounds, numbered from 1, both ends included. */
export interface Rounds {
  readonly first: number;
  readonly last: number;
}

/** The early rounds of a demo dialogue. */
export const EARLY: Rounds = { first: 1, last: 3 };
/** The late rounds of a demo dialogue. */
export const LATE: Rounds = { first: 10, last: 12 };

/** A row of the stability table: early, late, and late minus early. */
export interface StabilityRow {
  readonly early: Estimate;
  readonly late: Estimate;
  readonly change: Estimate;
}

/** An estimate for round `x`, from 1. */
export interface TrialRoundEstimate extends Estimate {
  readonly x: number;
}

/** Stability and share of an arm, round by round. */
export interface TrialArmCourse {
  readonly stability: readonly TrialRoundEstimate[];
  /** Share of the target after the policy. */
  readonly share: readonly TrialRoundEstimate[];
}

/** A summary of two paired arms: estimates with 95 % intervals from a bootstrap over dialogues. */
export interface PairedSummary {
  readonly dialogues: number;
  readonly rounds: number;
  readonly stability: {
    readonly off: StabilityRow;
    readonly held: StabilityRow;
    readonly difference: StabilityRow;
  };
  readonly courses: { readonly off: TrialArmCourse; readonly held: TrialArmCourse };
}

/**
 * Summarises the dialogues of two arms.
 * @param held the same dialogues as `off`, in the same order
 */
export function summarizePair(off: Dialogues, held: Dialogues): PairedSummary {
  const estimate = (statistic: Statistic, range: Range): Estimate =>
    bootstrap(off.length, statistic, { range });
  const rowOf = (stability: (rounds: Rounds) => Statistic, [lowest, highest]: Range): StabilityRow => ({
    early: estimate(stability(EARLY), [lowest, highest]),
    late: estimate(stability(LATE), [lowest, highest]),
    change: estimate(differenceOf(stability(LATE), stability(EARLY)), [lowest - highest, highest - lowest]),
  });
  const courseOf = (dialogues: Dialogues): TrialArmCourse => {
    const point = (round: number, statistic: Statistic): TrialRoundEstimate => ({
      x: round,
      ...estimate(statistic, SCORES),
    });
    const rounds = dialogues[0]!.map(({ round }) => round);
    return {
      stability: rounds.map((round) =>
        point(
          round,
          stabilityIn(dialogues, (number) => number === round),
        ),
      ),
      share: rounds.map((round) =>
        point(
          round,
          meanOf(dialogues.map((records) => ({ sum: records[round - 1]!.share.after, count: 1 }))),
        ),
      ),
    };
  };
  return {
    dialogues: off.length,
    rounds: off[0]!.length,
    stability: {
      off: rowOf((rounds) => stabilityIn(off, within(rounds)), SCORES),
      held: rowOf((rounds) => stabilityIn(held, within(rounds)), SCORES),
      difference: rowOf(
        (rounds) => differenceOf(stabilityIn(held, within(rounds)), stabilityIn(off, within(rounds))),
        DIFFERENCES,
      ),
    },
    courses: { off: courseOf(off), held: courseOf(held) },
  };
}

const within =
  ({ first, last }: Rounds) =>
  (round: number): boolean =>
    round >= first && round <= last;
