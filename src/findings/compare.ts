import { HoldfastError } from '../errors.js';
import type { DataTable } from '../report/index.js';
import { DIFFERENCES, type Estimate, meanOf, SCORES } from '../statistics/index.js';
import { chanceCoverage } from './chance.js';
import type { Sample } from './clusters.js';
import { effectWords } from './effect-words.js';
import { comparedIn, pairDialogues, type WindowName, windowsOf } from './effects.js';
import { type Tested, testDifferences, testFamilies } from './families.js';
import { type AnalysisOptions, createInference } from './inference.js';
import { floorOf, untouchedOf } from './judgement.js';
import { probeScores, scoresIn } from './scores.js';
import { sliceName } from './slice-labels.js';
import { type Slice, slicesOf } from './slices.js';
import { columnsOf, type StudyColumns } from './study-columns.js';
import type { StudyFacts, StudyResult } from './study-result.js';

/** The difference of stability of two arms, on the dialogues that both have. */
export interface ArmComparison extends Sample, Tested {
  readonly left: string;
  readonly right: string;
  readonly window: WindowName;
  readonly ofLeft: Estimate;
  readonly ofRight: Estimate;
  /** Left minus right. */
  readonly difference: Estimate;
  /** Whether one of the two models is at the floor, so that neither arm is called better or worse. */
  readonly atFloor: boolean;
  /** Models and sources of the two whose chance is not known: it is not known either whether they are at the floor. */
  readonly chanceUnknown: readonly string[];
}

/** Compares two arms of one study, in every slice. */
export function compareArms(
  given: StudyResult | StudyColumns,
  [left, right]: readonly [left: string, right: string],
  options: AnalysisOptions = {},
): ArmComparison[] {
  const study = columnsOf(given);
  const pairs = slicesOf(study).map((slice) => ({
    left: { slice, arm: left, name: `${left}, ${sliceName(slice.labels)}`, study },
    right: { slice, arm: right, name: right, study },
  }));
  return comparisonsOf(pairs, study, options);
}

/**
 * Compares arms that two studies have in common, on the dialogues whose scenario, index and seed agree. Two slices pair
 * if their models and sources have the same names, or if the sources do and each study ran its source with one model.
 * @param study defines the early and the late rounds
 * @throws HoldfastError `E_USAGE` if chat templates of both can write the date or time, and their moments differ; or if
 * different versions of the judges scored them
 */
export function compareStudies(
  study: StudyResult | StudyColumns,
  other: StudyResult | StudyColumns,
  arms: readonly string[],
  options: AnalysisOptions = {},
): ArmComparison[] {
  checkMoments(study, other);
  checkJudges(study, other);
  const others = slicesOf(columnsOf(other));
  const own = slicesOf(columnsOf(study));
  const pairs = own.flatMap((slice) => {
    const partner = partnerOf(slice, own, others);
    if (partner === null) return [];
    return arms.map((arm) => ({
      left: {
        ...{ slice, arm, study },
        name: `${arm}, ${study.folder}, ${sliceName(slice.labels)}`,
      },
      right: {
        ...{ slice: partner, arm, study: other },
        name: `${other.folder}, ${sliceName(partner.labels)}`,
      },
    }));
  });
  return comparisonsOf(pairs, study, options);
}

/** Two days must not be compared as if they were two arms. */
function checkMoments(...studies: readonly StudyFacts[]): void {
  const dated = studies.every(({ models }) => models.some(({ mayWriteTime }) => mayWriteTime));
  const [first, second] = studies.map(({ now }) => now);
  if (!dated || first === second) return;
  throw new HoldfastError(
    'E_USAGE',
    `the prompts of the two studies may contain different dates: their moments are ${first} and ${second}`,
    {
      hint: 'Run one of them again, in another folder, with the moment of the other: "now: …" in its specification',
    },
  );
}

/** Two versions of the judges must not be compared as if they were two arms. The organism's judges are its own. */
function checkJudges(...studies: readonly StudyFacts[]): void {
  const judged = studies.every(({ spec }) => spec.sources.some(({ kind }) => kind !== 'organism'));
  const [first, second] = studies.map(({ versions }) => versions.judges ?? BEFORE_VERSIONS);
  if (!judged || first === second) return;
  throw new HoldfastError(
    'E_USAGE',
    `different versions of the judges scored the two studies: ${first} and ${second}`,
    { hint: 'Run the older one again: it computes the dialogues whose judges changed' },
  );
}

/** The version of the judges in studies that do not name it. */
const BEFORE_VERSIONS = '1';

function partnerOf({ labels }: Slice, own: readonly Slice[], others: readonly Slice[]): Slice | null {
  const sameSource = ({ labels: { source } }: Slice): boolean => source === labels.source;
  const candidates = others.filter(sameSource);
  const same = candidates.find((slice) => slice.labels.model === labels.model);
  if (same !== undefined) return same;
  return candidates.length === 1 && own.filter(sameSource).length === 1 ? candidates[0]! : null;
}

interface Side {
  readonly slice: Slice;
  readonly arm: string;
  readonly name: string;
  readonly study: StudyFacts;
}

function comparisonsOf(
  pairs: readonly { readonly left: Side; readonly right: Side }[],
  { spec }: StudyFacts,
  options: AnalysisOptions,
): ArmComparison[] {
  const inference = createInference(options);
  const dialoguesOf = ({ slice, arm }: Side) => slice.arms.find(({ name }) => name === arm)?.dialogues ?? [];
  const compared = pairs.flatMap(({ left, right }) => {
    const both = pairDialogues(dialoguesOf(left), dialoguesOf(right));
    const chanceUnknown = [left, right]
      .filter((side) => !isChanceKnown(side))
      .map(({ study, slice }) => `${study.folder}, ${sliceName(slice.labels)}`);
    const atFloor = [left, right].some((side) => floorOf(side.slice, side.study.spec, inference) !== null);
    return windowsOf(both.right, spec).flatMap(({ window, has }) => {
      const { differences, sample } = comparedIn(both, has);
      if (differences.length === 0) return [];
      const mean = (clusters: typeof both.left): Estimate =>
        inference.estimate(clusters.length, meanOf(scoresIn(clusters, has, probeScores())), SCORES);
      return [
        {
          left: left.name,
          right: right.name,
          window,
          ...sample,
          ofLeft: mean(both.left),
          ofRight: mean(both.right),
          difference: inference.estimate(differences.length, meanOf(differences), DIFFERENCES),
          differences,
          atFloor,
          chanceUnknown: [...new Set(chanceUnknown)],
        },
      ];
    });
  });
  const [tested] = testFamilies(
    [compared],
    {
      familyOf: () => 'rows',
      test: ({ differences }, permutations) => testDifferences(differences, permutations),
    },
    inference,
  );
  return compared.map(({ differences: _, ...comparison }, at) => ({ ...comparison, ...tested![at]! }));
}

/** Returns whether chance is known for a probe of the arm that decides about the floor. */
function isChanceKnown({ slice, study: { spec } }: Side): boolean {
  const judged = untouchedOf(slice, spec);
  return judged !== undefined && chanceCoverage(judged.shared, slice.chance).known > 0;
}

/** Returns comparisons as a table, one row each. */
export function comparisonTable(comparisons: readonly ArmComparison[]): DataTable {
  const unknown = [...new Set(comparisons.flatMap(({ chanceUnknown }) => chanceUnknown))];
  return {
    name: 'comparison',
    title: 'Comparison',
    note:
      "Stability on the same scenarios and seeds, left minus right, with 95 % intervals from a bootstrap over prompts (over dialogues if there is one prompt); p is the larger of the paired permutation test and the studentised test of the mean, after Holm's correction over these rows." +
      (unknown.length === 0
        ? ''
        : ` Chance is not known for ${unknown.join('; ')}: whether the model is at the floor, where no arm is called better, cannot be told.`),
    columns: [
      { name: 'left', heading: 'left' },
      { name: 'right', heading: 'right' },
      { name: 'rounds', heading: 'rounds' },
      { name: 'dialogues', heading: 'dialogues', digits: 0 },
      { name: 'prompts', heading: 'prompts', digits: 0 },
      { name: 'stability_left', heading: 'left' },
      { name: 'stability_right', heading: 'right' },
      { name: 'difference', heading: 'left − right', signed: true },
      { name: 'p_holm', heading: 'p', digits: 4 },
      { name: 'words', heading: 'in words' },
    ],
    rows: comparisons.map((comparison) => [
      comparison.left,
      comparison.right,
      comparison.window,
      comparison.dialogues,
      comparison.prompts,
      comparison.ofLeft,
      comparison.ofRight,
      comparison.difference,
      comparison.pHolm,
      effectWords(comparison, { name: comparison.right, atFloor: comparison.atFloor }),
    ]),
  };
}
