import {
  clusterDeviation,
  type Estimate,
  holm,
  meanOf,
  minimalDetectableEffect,
  pairedDifferences,
  pairedPermutation,
  type Score,
} from '../statistics/index.js';
import type { DialogueRecord } from '../study/index.js';
import { type Clusters, clustered, type Sample, sampleOf } from './clusters.js';
import type { Windows } from './course.js';
import type { Inference } from './inference.js';
import { between, only, probedRoundsOf, probeScores, type RoundFilter, scoresIn } from './scores.js';
import { baselineOf, dialogueKey, type Slice } from './slices.js';

/** The rounds of an effect: early, late, or the last probed round. */
export type WindowName = 'early' | 'late' | 'last';

/** One arm's stability minus the baseline's over some rounds, on the dialogues that both have. */
export interface Effect extends Sample {
  readonly arm: string;
  readonly window: WindowName;
  readonly difference: Estimate;
  /** Two-sided p-value of the paired permutation test. */
  readonly p: number;
  /** `p` after Holm's correction over all effects of the study. */
  readonly pHolm: number;
  /**
   * The smallest effect that this many clusters find with power 0.8 at α = 0.05; null if there are fewer than two, or none
   * differs.
   */
  readonly detectable: number | null;
}

/** An effect before Holm's correction. */
export type UncorrectedEffect = Omit<Effect, 'pHolm'>;

/**
 * Computes the effect of every arm against the baseline in early rounds, late rounds and the last probed round; empty if
 * the baseline was not run.
 */
export function effectsOf(slice: Slice, windows: Windows, inference: Inference): UncorrectedEffect[] {
  return pairsOf(slice).flatMap(({ arm, pair }) => {
    return windowsOf(pair.right, windows).flatMap(({ window, has }): UncorrectedEffect[] => {
      const { differences, sample } = comparedIn(pair, has);
      if (differences.length === 0) return [];
      return [
        {
          arm,
          window,
          ...sample,
          difference: inference.estimate(differences.length, meanOf(differences)),
          p: pairedPermutation(differences, inference),
          detectable: detectableEffect(differences),
        },
      ];
    });
  });
}

/** Corrects the effects of all slices as one family of tests, `[slices][effects]`. */
export function correctedEffects(effects: readonly (readonly UncorrectedEffect[])[]): Effect[][] {
  const corrected = holm(effects.flat().map(({ p }) => p));
  let at = 0;
  return effects.map((ofSlice) => ofSlice.map((effect) => ({ ...effect, pHolm: corrected[at++]! })));
}

/** Pairs the dialogues of every other arm with those of the baseline. */
export function pairsOf(slice: Slice): { readonly arm: string; readonly pair: DialoguePairs }[] {
  const baseline = baselineOf(slice);
  if (baseline === undefined) return [];
  return slice.arms
    .filter((arm) => arm !== baseline)
    .map(({ name, dialogues }) => ({ arm: name, pair: pairDialogues(dialogues, baseline.dialogues) }));
}

/** Dialogues of two arms with the same scenario and seed, in the same clusters and order. */
export interface DialoguePairs {
  readonly left: Clusters;
  readonly right: Clusters;
}

/** Pairs dialogues by scenario and seed. Dialogues without a partner are left out. */
export function pairDialogues(
  left: readonly DialogueRecord[],
  right: readonly DialogueRecord[],
): DialoguePairs {
  const others = new Map(right.map((dialogue) => [dialogueKey(dialogue), dialogue]));
  const pairs = left.flatMap((dialogue) => {
    const other = others.get(dialogueKey(dialogue));
    return other === undefined ? [] : [{ left: dialogue, right: other }];
  });
  const clusters = clustered(pairs, (pair) => pair.left);
  return {
    left: clusters.map((cluster) => cluster.map((pair) => pair.left)),
    right: clusters.map((cluster) => cluster.map((pair) => pair.right)),
  };
}

/** The difference of stability of each cluster, left minus right, and what it rests on. */
export interface ComparedClusters {
  readonly differences: readonly Score[];
  readonly sample: Sample;
}

/** Compares two arms in some rounds. Clusters without probes there are left out. */
export function comparedIn({ left, right }: DialoguePairs, has: RoundFilter): ComparedClusters {
  const read = probeScores();
  const all = pairedDifferences(scoresIn(left, has, read), scoresIn(right, has, read));
  return {
    differences: all.filter(({ count }) => count > 0),
    sample: sampleOf(left.filter((_, at) => all[at]!.count > 0)),
  };
}

/** Returns the windows of rounds in which effects are computed. */
export function windowsOf(
  dialogues: Clusters,
  { early, late }: Windows,
): { readonly window: WindowName; readonly has: RoundFilter }[] {
  const last = probedRoundsOf(dialogues).at(-1);
  return [
    { window: 'early', has: between(early) },
    { window: 'late', has: between(late) },
    ...(last === undefined ? [] : [{ window: 'last' as const, has: only(last) }]),
  ];
}

function detectableEffect(differences: readonly Score[]): number | null {
  if (differences.length < 2) return null;
  const standardDeviation = clusterDeviation(differences);
  return standardDeviation > 0
    ? minimalDetectableEffect({ clusters: differences.length, standardDeviation })
    : null;
}
