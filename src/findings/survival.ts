import {
  differenceOf,
  type Estimate,
  kaplanMeier,
  keptOf,
  type Lifetime,
  logRankScores,
  medianLifetimeOf,
  pairedDifferences,
  pairedPermutation,
  type Range,
  restrictedMeanOf,
  SCORES,
  type Score,
  type Statistic,
  type SurvivalStep,
} from '../statistics/index.js';
import type { Clusters } from './clusters.js';
import type { RoundEstimate } from './course.js';
import type { Dialogue } from './dialogues.js';
import { pairDialogues } from './effects.js';
import { testFamilies } from './families.js';
import type { Inference } from './inference.js';
import { probedRoundsOf, probeScores, type ReadRound, readMeasured, roundsWith } from './scores.js';
import { type ArmRecords, baselineOf, type Slice } from './slices.js';

/** A dialogue has lost its prompt in the first round with a mean score below this. */
export const LOST_BELOW = 0.5;

/** What a loss is judged by: probes, or, if none were asked, the dialogue's own answers. */
export type LossOutcome = 'probes' | 'obedience';

/** How long the dialogues of an arm keep the prompt: the time from the start to the first loss, in rounds. */
export interface Survival {
  readonly name: string;
  readonly outcome: LossOutcome;
  readonly dialogues: number;
  /** Dialogues that lost it; the others are censored in their last judged round. */
  readonly lost: number;
  /** Fraction that has not lost it, after every judged round; 1 at round 0. */
  readonly rounds: readonly RoundEstimate[];
  /** The Kaplan–Meier table with Greenwood's interval, which takes dialogues as independent. */
  readonly steps: readonly SurvivalStep[];
  /** The median time; `Infinity` if it is not reached. */
  readonly median: Estimate;
  /** Mean rounds until the loss; a dialogue that is not lost counts the last judged round. */
  readonly mean: Estimate;
  /** Beside the baseline; null for the baseline itself, or if it was not run. */
  readonly beside: SurvivalEffect | null;
}

/** An arm's time to the first loss beside the baseline's, on the dialogues that both have. */
export interface SurvivalEffect {
  /** Difference of the mean rounds until the loss. */
  readonly difference: Estimate;
  /** Two-sided p-value of the paired permutation test of log-rank scores. */
  readonly p: number;
  /** `p` after Holm's correction over all these tests of the study. */
  readonly pHolm: number;
}

/** The survival of an arm before its test. */
export interface UntestedSurvival extends Omit<Survival, 'beside'> {
  readonly beside: {
    readonly difference: Estimate;
    /** The log-rank scores of the arm minus the baseline's, `[clusters]`. */
    readonly scores: readonly Score[];
  } | null;
}

/** Returns the survival of every arm; empty if nothing was judged. */
export function survivalOf(slice: Slice, inference: Inference): UntestedSurvival[] {
  const all = slice.arms.flatMap(({ shared }) => shared);
  const outcome = probedRoundsOf(all).length > 0 ? 'probes' : 'obedience';
  const baseline = baselineOf(slice);
  return slice.arms.flatMap((arm) => {
    const alone = armSurvival(arm, outcome, inference);
    const beside =
      baseline === undefined || arm === baseline ? null : besideBaseline(arm, baseline, outcome, inference);
    return alone === null ? [] : [{ ...alone, beside }];
  });
}

/** Tests the arms of all slices, `[slices][arms]`, as one family. */
export function testedSurvival(
  survivals: readonly (readonly UntestedSurvival[])[],
  inference: Inference,
): Survival[][] {
  const tested = testFamilies(
    survivals,
    {
      familyOf: ({ beside }) => (beside === null ? null : 'survival'),
      test: ({ beside }, permutations) => ({ p: pairedPermutation(beside!.scores, { permutations }) }),
    },
    inference,
  );
  return survivals.map((ofSlice, slice) =>
    ofSlice.map(({ beside, ...survival }, at) => ({
      ...survival,
      beside: beside === null ? null : { difference: beside.difference, ...tested[slice]![at]! },
    })),
  );
}

function armSurvival(
  { name, shared }: ArmRecords,
  outcome: LossOutcome,
  inference: Inference,
): Omit<Survival, 'beside'> | null {
  const clusters = lifetimesOf(shared, outcome);
  if (clusters.length === 0) return null;
  const lifetimes = clusters.flat();
  const rounds = judgedRoundsOf(shared, outcome);
  const estimate = (statistic: Statistic, range?: Range): Estimate =>
    inference.estimate(clusters.length, statistic, range);
  return {
    name,
    outcome,
    dialogues: lifetimes.length,
    lost: lifetimes.filter(({ lost }) => lost).length,
    rounds: rounds.map((round) => ({ round, ...estimate(keptOf(clusters, round), SCORES) })),
    steps: kaplanMeier(lifetimes),
    median: estimate(medianLifetimeOf(clusters)),
    mean: estimate(restrictedMeanOf(clusters, rounds.at(-1)!), [0, rounds.at(-1)!]),
  };
}

function besideBaseline(
  arm: ArmRecords,
  baseline: ArmRecords,
  outcome: LossOutcome,
  inference: Inference,
): UntestedSurvival['beside'] {
  const pairs = pairDialogues(arm.dialogues, baseline.dialogues);
  const judged = pairs.left
    .map((cluster, at) =>
      cluster.flatMap((dialogue, place) => {
        const left = lifetimeOf(dialogue, outcome);
        const right = lifetimeOf(pairs.right[at]![place]!, outcome);
        return left === null || right === null ? [] : [{ left, right }];
      }),
    )
    .filter(({ length }) => length > 0);
  if (judged.length === 0) return null;
  const [left, right] = (['left', 'right'] as const).map((side) =>
    judged.map((cluster) => cluster.map((pair) => pair[side])),
  );
  const scores = logRankScores(left!.flat(), right!.flat());
  const byCluster = (flat: readonly number[]): Score[] => {
    let from = 0;
    return judged.map(({ length }) => {
      const own = flat.slice(from, from + length);
      from += length;
      return { sum: own.reduce((sum, score) => sum + score, 0), count: length };
    });
  };
  const last = judgedRoundsOf(pairs.right, outcome).at(-1)!;
  const difference = differenceOf(restrictedMeanOf(left!, last), restrictedMeanOf(right!, last));
  return {
    difference: inference.estimate(judged.length, difference, [-last, last]),
    scores: pairedDifferences(byCluster(scores.left), byCluster(scores.right)),
  };
}

/** Returns the lifetimes of the judged dialogues, `[clusters][dialogues]`, without empty clusters. */
function lifetimesOf(clusters: Clusters, outcome: LossOutcome): Lifetime[][] {
  return clusters
    .map((cluster) => cluster.flatMap((dialogue) => lifetimeOf(dialogue, outcome) ?? []))
    .filter(({ length }) => length > 0);
}

function lifetimeOf(dialogue: Dialogue, outcome: LossOutcome): Lifetime | null {
  const { rounds, from, to } = dialogue;
  let time: number | null = null;
  for (let row = from; row < to; row++) {
    const { sum, count } = JUDGED[outcome](row, dialogue);
    if (count === 0) continue;
    time = rounds.round[row]!;
    if (sum / count < LOST_BELOW) return { time, lost: true };
  }
  return time === null ? null : { time, lost: false };
}

/** Reads the score of a round. */
const JUDGED: Readonly<Record<LossOutcome, ReadRound>> = {
  probes: probeScores(),
  obedience: readMeasured('obedience'),
};

function judgedRoundsOf(clusters: Clusters, outcome: LossOutcome): readonly number[] {
  return outcome === 'probes'
    ? probedRoundsOf(clusters)
    : roundsWith(clusters, (row, dialogue) => JUDGED.obedience(row, dialogue).count > 0);
}
