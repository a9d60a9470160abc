import {
  clusterDeviation,
  DIFFERENCES,
  type Equivalence,
  type Estimate,
  equivalenceOf,
  meanOf,
  oddsRatio,
  pairedDifferences,
  type Score,
} from '../statistics/index.js';
import type { Contrast } from '../study/index.js';
import { type Clusters, clustered, type Sample, sampleOf } from './clusters.js';
import type { Windows } from './course.js';
import type { Dialogue } from './dialogues.js';
import { type Tested, testDifferences, testFamilies } from './families.js';
import { detectableScore, type Inference } from './inference.js';
import { type PlanCheck, type Standing, standingOf } from './plan-check.js';
import { between, only, probedRoundsOf, probeScores, type RoundFilter, scoresIn } from './scores.js';
import type { Slice } from './slices.js';

/** The rounds of an effect: early, late, or the last probed round. */
export type WindowName = 'early' | 'late' | 'last';

/** One arm's stability minus another's over some rounds, on the dialogues that both have. */
export interface Effect extends Sample, Tested {
  readonly arm: string;
  /** The arm that it is a difference from. */
  readonly against: string;
  readonly window: WindowName;
  /** Its place in the analysis plan that was locked before the first cell. */
  readonly standing: Standing;
  readonly difference: Estimate;
  /** The odds that a probe is answered as the prompt asks, divided by those under the other arm. */
  readonly odds: Estimate;
  /** The test that the two arms differ by less than the declared margin; null if none is declared. */
  readonly equivalence: Equivalence | null;
  /**
   * The smallest effect that this many clusters find with power 0.8 at α = 0.05; null if they can find none that scores
   * can have, or if no cluster differs.
   */
  readonly detectable: number | null;
}

/** An effect before its test, with the differences of its clusters. */
export interface UntestedEffect extends Omit<Effect, keyof Tested> {
  readonly differences: readonly Score[];
}

/** What a report compares, and how it follows the plan. */
export interface Compared {
  readonly contrasts: readonly Contrast[];
  readonly plan: PlanCheck;
  readonly margin: number | null;
}

/**
 * Computes the effects of contrasts in early rounds, late rounds and the last probed round: the primary ones first, then
 * planned ones. Contrasts with an arm that was not run are left out.
 */
export function effectsOf(
  slice: Slice,
  { contrasts, plan, margin }: Compared,
  windows: Windows,
  inference: Inference,
): UntestedEffect[] {
  const effects = pairsOf(slice, contrasts).flatMap(({ contrast, pair }) =>
    windowsOf(pair.right, windows).flatMap(({ window, has }): UntestedEffect[] => {
      const { left, right, differences, sample } = comparedIn(pair, has);
      if (differences.length === 0) return [];
      return [
        {
          arm: contrast.left,
          against: contrast.right,
          window,
          standing: standingOf(plan, contrast, `${window} stability`),
          ...sample,
          difference: inference.estimate(differences.length, meanOf(differences), DIFFERENCES),
          differences,
          odds: oddsRatio(left, right),
          equivalence: margin === null ? null : equivalenceOf(differences, margin),
          detectable: detectableScore(differences.length, clusterDeviation(differences)),
        },
      ];
    }),
  );
  return inPlanOrder(effects);
}

/** Returns comparisons in the order of a report: the primary ones first, then planned ones. */
export function inPlanOrder<Item extends { readonly standing: Standing }>(items: readonly Item[]): Item[] {
  return STANDINGS.flatMap((standing) => items.filter((item) => item.standing === standing));
}

const STANDINGS: readonly Standing[] = ['primary', 'planned', 'after the fact'];

/**
 * Tests the effects of one outcome (stability or influence) in all slices, `[slices][effects]`. Those of the primary outcome
 * are a family of tests of their own, because they were chosen before the data were seen; all others are a second family.
 */
export function testedEffects<Untested extends Pick<UntestedEffect, 'standing' | 'differences'>>(
  effects: readonly (readonly Untested[])[],
  inference: Inference,
): (Omit<Untested, 'differences'> & Tested)[][] {
  const tested = testFamilies(
    effects,
    {
      familyOf: ({ standing }) => familyOf(standing),
      test: ({ differences }, permutations) => testDifferences(differences, permutations),
    },
    inference,
  );
  return effects.map((ofSlice, slice) =>
    ofSlice.map(({ differences: _, ...effect }, at) => ({ ...effect, ...tested[slice]![at]! })),
  );
}

/** The families of tests of a report's differences. */
export type Family = 'primary' | 'others';

/** Returns the family of a comparison by its place in the plan. */
export const familyOf = (standing: Standing): Family => (standing === 'primary' ? 'primary' : 'others');

/** Pairs the dialogues of the arms of each contrast. Contrasts with an arm that was not run are left out. */
export function pairsOf(
  { arms }: Slice,
  contrasts: readonly Contrast[],
): { readonly contrast: Contrast; readonly pair: DialoguePairs }[] {
  const dialoguesOf = (arm: string) => arms.find(({ name }) => name === arm)?.dialogues;
  return contrasts.flatMap((contrast) => {
    const [left, right] = [dialoguesOf(contrast.left), dialoguesOf(contrast.right)];
    return left === undefined || right === undefined ? [] : [{ contrast, pair: pairDialogues(left, right) }];
  });
}

/** Dialogues of two arms with the same scenario and seed, in the same clusters and order. */
export interface DialoguePairs {
  readonly left: Clusters;
  readonly right: Clusters;
}

type Dialogues = readonly Dialogue[];

/** The pairs of two arms' dialogues: effects, survival, quality and mixed models need them again. */
const paired = new WeakMap<Dialogues, WeakMap<Dialogues, DialoguePairs>>();

/** Pairs dialogues by scenario and seed. Dialogues without a partner are left out. */
export function pairDialogues(left: Dialogues, right: Dialogues): DialoguePairs {
  const ofLeft = paired.get(left) ?? new WeakMap<Dialogues, DialoguePairs>();
  paired.set(left, ofLeft);
  const pairs = ofLeft.get(right) ?? pairsIn(left, right);
  ofLeft.set(right, pairs);
  return pairs;
}

function pairsIn(left: Dialogues, right: Dialogues): DialoguePairs {
  const others = new Map(right.map((dialogue) => [dialogue.key, dialogue]));
  const pairs = left.flatMap((dialogue) => {
    const other = others.get(dialogue.key);
    return other === undefined ? [] : [{ left: dialogue, right: other }];
  });
  const clusters = clustered(pairs, (pair) => pair.left);
  return {
    left: clusters.map((cluster) => cluster.map((pair) => pair.left)),
    right: clusters.map((cluster) => cluster.map((pair) => pair.right)),
  };
}

/** The stability of each cluster under two arms, their difference, left minus right, and what it rests on. */
export interface ComparedClusters {
  readonly left: readonly Score[];
  readonly right: readonly Score[];
  readonly differences: readonly Score[];
  readonly sample: Sample;
}

/** Compares two arms in some rounds. Clusters without probes there are left out. */
export function comparedIn({ left, right }: DialoguePairs, has: RoundFilter): ComparedClusters {
  const [ofLeft, ofRight] = [left, right].map((arm) => scoresIn(arm, has, probeScores()));
  const all = pairedDifferences(ofLeft!, ofRight!);
  const probed = <Item>(items: readonly Item[]): Item[] => items.filter((_, at) => all[at]!.count > 0);
  return {
    left: probed(ofLeft!),
    right: probed(ofRight!),
    differences: probed(all),
    sample: sampleOf(probed(left)),
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
