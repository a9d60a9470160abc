import {
  DIFFERENCES,
  differenceOf,
  type Estimate,
  meanOf,
  pairedDifferences,
  type Range,
  SCORES,
  type Score,
  type Statistic,
} from '../statistics/index.js';
import { exponentialOf, itemsOf } from './costs.js';
import { pairDialogues } from './effects.js';
import { type Tested, testDifferences, testFamilies } from './families.js';
import type { Inference } from './inference.js';
import { TOLERATED_FALL, untouchedOf } from './judgement.js';
import { type ReadRound, readMeasured, scoresIn } from './scores.js';
import type { ArmRecords, Slice } from './slices.js';
import type { ReportedSpec } from './study-result.js';

/** What is measured of an arm's answers besides obedience. Perplexity is better if it is lower, the others if higher. */
export type Quality = 'ability' | 'fluency' | 'perplexity' | 'choice';

/**
 * One arm's quality beside the untouched arm's, on the same dialogues or held-out items. The tests are two-sided, and of
 * perplexity on its logarithm. All quality checks of a study are a family of their own.
 */
export interface QualityCheck extends Tested {
  readonly arm: string;
  /** The untouched arm; without one, the baseline. */
  readonly beside: string;
  readonly quality: Quality;
  /** Prompts or held-out items that both arms have. */
  readonly clusters: number;
  readonly own: Estimate;
  readonly untouched: Estimate;
  /** Own minus untouched. */
  readonly difference: Estimate;
}

/** A quality check before it is tested. */
export type UntestedCheck = Omit<QualityCheck, keyof Tested> & {
  /** Own minus untouched, `[clusters]`. */
  readonly differences: readonly Score[];
};

/**
 * Compares the quality of every arm with that of the untouched arm: ability and fluency over all rounds, so that an arm
 * that is broken from the first round on is seen, perplexity and multiple choice over the held-out items.
 */
export function qualityOf(slice: Slice, spec: ReportedSpec, inference: Inference): UntestedCheck[] {
  const untouched = untouchedOf(slice, spec);
  if (untouched === undefined) return [];
  const others = slice.arms.filter((arm) => arm !== untouched);
  return others.flatMap((arm) =>
    QUALITIES.flatMap(({ quality, pairs, scale }): UntestedCheck[] => {
      const { left, right } = pairs(arm, untouched);
      const differences = pairedDifferences(left, right);
      const kept = [...differences.keys()].filter((at) => differences[at]!.count > 0);
      if (kept.length === 0) return [];
      const of = (scores: readonly Score[]): Statistic => scale(meanOf(kept.map((at) => scores[at]!)));
      const [ofOwn, ofUntouched] = [of(left), of(right)];
      const estimate = (statistic: Statistic, range: Range): Estimate =>
        inference.estimate(kept.length, statistic, quality === 'perplexity' ? undefined : range);
      return [
        {
          ...{ arm: arm.name, beside: untouched.name, quality, clusters: kept.length },
          own: estimate(ofOwn, SCORES),
          untouched: estimate(ofUntouched, SCORES),
          difference: estimate(differenceOf(ofOwn, ofUntouched), DIFFERENCES),
          differences: kept.map((at) => differences[at]!),
        },
      ];
    }),
  );
}

/** Tests the quality checks of all slices as one family, `[slices][checks]`. */
export function testedQuality(
  checks: readonly (readonly UntestedCheck[])[],
  inference: Inference,
): QualityCheck[][] {
  const tested = testFamilies(
    checks,
    {
      familyOf: () => 'quality',
      test: ({ differences }, permutations) => testDifferences(differences, permutations),
    },
    inference,
  );
  return checks.map((ofSlice, slice) =>
    ofSlice.map(({ differences: _, ...check }, at) => ({ ...check, ...tested[slice]![at]! })),
  );
}

/** What a quality check shows: `broken` is worse by more than {@link TOLERATED_FALL} of the untouched arm's. */
export type QualityVerdict = 'broken' | 'worse' | 'better' | 'unclear';

/** Returns what a check shows, by its interval and its corrected test. */
export function qualityVerdict({ quality, untouched, difference, pHolm }: QualityCheck): QualityVerdict {
  const excludesZero = difference.low > 0 || difference.high < 0;
  if (pHolm > 0.05 || !excludesZero) return 'unclear';
  const loss = (quality === 'perplexity' ? 1 : -1) * difference.value;
  if (loss < 0) return 'better';
  return loss > TOLERATED_FALL * untouched.value ? 'broken' : 'worse';
}

interface Pairs {
  readonly left: readonly Score[];
  readonly right: readonly Score[];
}

interface MeasuredQuality {
  readonly quality: Quality;
  /** Returns the scores of two arms by cluster, in the same order. */
  readonly pairs: (arm: ArmRecords, untouched: ArmRecords) => Pairs;
  /** Turns the mean of scores into the reported number. */
  readonly scale: (mean: Statistic) => Statistic;
}

const QUALITIES: readonly MeasuredQuality[] = [
  { quality: 'ability', pairs: inAnswers(readMeasured('ability')), scale: (mean) => mean },
  { quality: 'fluency', pairs: inAnswers(readMeasured('fluency')), scale: (mean) => mean },
  { quality: 'perplexity', pairs: onItems('perplexity'), scale: exponentialOf },
  { quality: 'choice', pairs: onItems('choice'), scale: (mean) => mean },
];

function inAnswers(read: ReadRound): MeasuredQuality['pairs'] {
  return (arm, untouched) => {
    const { left, right } = pairDialogues(arm.dialogues, untouched.dialogues);
    const scored = (clusters: typeof left): Score[] => scoresIn(clusters, () => true, read);
    return { left: scored(left), right: scored(right) };
  };
}

function onItems(measure: 'perplexity' | 'choice'): MeasuredQuality['pairs'] {
  return (arm, untouched) => {
    const [own, other] = [itemsOf(arm, measure), itemsOf(untouched, measure)];
    const items = [...own.keys()].filter((item) => other.has(item)).sort();
    return { left: items.map((item) => own.get(item)!), right: items.map((item) => other.get(item)!) };
  };
}
