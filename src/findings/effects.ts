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
import type { Windows } from './course.js';
import type { Inference } from './inference.js';
import { between, only, probedRoundsOf, probeScores, type RoundFilter, scoresIn } from './scores.js';
import { baselineOf, type Clusters, dialogueKey, type Slice } from './slices.js';

/** The rounds of an effect: early, late, or the last probed round. */
export type WindowName = 'early' | 'late' | 'last';

/** One arm's stability minus the baseline's over some rounds, on the dialogues that both have. */
export interface Effect {
  readonly arm: string;
  readonly window: WindowName;
  /** Scenarios that both arms were probed on in these rounds. */
  readonly clusters: number;
  readonly difference: Estimate;
  /** Two-sided p-value of the paired permutation test. */
  readonly p: number;
  /** `p` after Holm's correction over all effects of the study. */
  readonly pHolm: number;
  /**
   * The smallest effect that this many scenarios find with power 0.8 at α = 0.05; null if there are fewer than two, or none
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
      const differences = differencesIn(pair, has);
      if (differences.length === 0) return [];
      return [
        {
          arm,
          window,
          clusters: differences.length,
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

/** Dialogues of two arms with the same scenario and seed, `[clusters][seeds]`, in the same order. */
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
  const indices = [...new Set(pairs.map((pair) => pair.left.index))].sort((a, b) => a - b);
  const clusters = indices.map((index) => pairs.filter((pair) => pair.left.index === index));
  return {
    left: clusters.map((cluster) => cluster.map((pair) => pair.left)),
    right: clusters.map((cluster) => cluster.map((pair) => pair.right)),
  };
}

/** Returns the difference of stability of each scenario, left minus right. Scenarios without probes are left out. */
export function differencesIn({ left, right }: DialoguePairs, has: RoundFilter): Score[] {
  const read = probeScores();
  return pairedDifferences(scoresIn(left, has, read), scoresIn(right, has, read)).filter(
    ({ count }) => count > 0,
  );
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
