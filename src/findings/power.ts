import type { DataTable } from '../report/index.js';
import { clusterDeviation, clustersFor } from '../statistics/index.js';
import type { Sample } from './clusters.js';
import { reportedContrasts } from './contrasts.js';
import {
  comparedIn,
  type Family,
  familyOf,
  inPlanOrder,
  pairsOf,
  type WindowName,
  windowsOf,
} from './effects.js';
import { detectableScore, FEW } from './inference.js';
import { checkPlan, type Standing, standingOf } from './plan-check.js';
import { type SliceLabels, sliceName } from './slice-labels.js';
import { slicesOf } from './slices.js';
import { columnsOf, type StudyColumns } from './study-columns.js';
import type { StudyResult } from './study-result.js';

/** How large the next study must be, estimated from this one as a pilot. */
export interface PilotPower {
  /** The difference of stability to be found, above 0. */
  readonly effect: number;
  /**
   * Number of differences in each family of tests of the report: the primary comparisons of the locked plan, and all others.
   * In the worst case Holm's correction tests one at α divided by the number of its family.
   */
  readonly tests: Readonly<Record<Family, number>>;
  readonly arms: readonly ArmPower[];
}

/** The plan for one arm in one window of rounds. */
export interface ArmPower extends Sample {
  readonly labels: SliceLabels;
  readonly arm: string;
  /** The arm that it is compared with. */
  readonly against: string;
  readonly window: WindowName;
  /** Its place in the analysis plan that was locked before the first cell. */
  readonly standing: Standing;
  /** Standard deviation over clusters of the differences. */
  readonly deviation: number;
  /** The smallest effect that this many clusters find; null if they find none that scores can have, or none differs. */
  readonly detectable: number | null;
  /** Clusters, of as many dialogues each, needed to find the effect at α = 0.05, and at α divided by the tests of its family; null if none differs. */
  readonly needed: number | null;
  readonly neededCorrected: number | null;
}

/**
 * Plans a study from this one as a pilot.
 * @param effect the difference of stability to be found, above 0
 */
export function pilotPower(given: StudyResult | StudyColumns, effect: number): PilotPower {
  const study = columnsOf(given);
  const contrasts = reportedContrasts(study);
  const plan = checkPlan(study);
  const tested = inPlanOrder(
    slicesOf(study).flatMap((slice) =>
      pairsOf(slice, contrasts).flatMap(({ contrast, pair }) =>
        windowsOf(pair.right, study.spec).map(({ window, has }) => {
          const { differences, sample } = comparedIn(pair, has);
          const { left: arm, right: against } = contrast;
          const standing = standingOf(plan, contrast, `${window} stability`);
          return { labels: slice.labels, arm, against, window, standing, differences, sample };
        }),
      ),
    ),
  );
  const testsIn = (family: Family): number =>
    tested.filter(({ differences, standing }) => differences.length > 0 && familyOf(standing) === family)
      .length;
  const tests = { primary: testsIn('primary'), others: testsIn('others') };
  const arms = tested.flatMap(({ differences, sample, ...tested }): ArmPower[] => {
    const clusters = differences.length;
    if (clusters < 2) return [];
    const standardDeviation = clusterDeviation(differences);
    const varies = standardDeviation > 0;
    return [
      {
        ...tested,
        ...sample,
        deviation: standardDeviation,
        detectable: detectableScore(clusters, standardDeviation),
        needed: varies ? clustersFor({ effect, standardDeviation }) : null,
        neededCorrected: varies
          ? clustersFor({ effect, standardDeviation, alpha: ALPHA / tests[familyOf(tested.standing)] })
          : null,
      },
    ];
  });
  return { effect, tests, arms };
}

const ALPHA = 0.05;

/** Returns a plan as a table, one row for each arm and window. */
export function powerTable({ effect, tests, arms }: PilotPower): DataTable {
  return {
    name: 'power',
    title: 'Power',
    note:
      'Differences of stability between two arms, by prompt (by dialogue if there is one prompt). A two-sided paired test finds the effect with power 0.8 at α = 0.05, uncorrected; ' +
      `corrected: at ${familyWords(tests)}, the worst case of Holm's correction in a report with the differences of this one. ` +
      'A dash: no prompt differs, or no difference that scores from 0 to 1 can have would be found.' +
      fewWords(arms),
    columns: [
      { name: 'arm', heading: 'arm' },
      { name: 'against', heading: 'against' },
      { name: 'plan', heading: 'plan' },
      { name: 'slice', heading: 'model · source' },
      { name: 'rounds', heading: 'rounds' },
      { name: 'dialogues', heading: 'dialogues', digits: 0 },
      { name: 'prompts', heading: 'prompts', digits: 0 },
      { name: 'deviation', heading: 'sd of differences', digits: 3 },
      { name: 'detectable', heading: 'detectable', digits: 3 },
      { name: 'needed', heading: `prompts for ${effect}`, digits: 0 },
      { name: 'needed_corrected', heading: 'corrected', digits: 0 },
    ],
    rows: arms.map((row) => [
      ...[row.arm, row.against, row.standing, sliceName(row.labels), row.window, row.dialogues, row.prompts],
      ...[row.deviation, row.detectable, row.needed, row.neededCorrected],
    ]),
  };
}

/** Returns the levels at which the families are tested. */
function familyWords({ primary, others }: PilotPower['tests']): string {
  if (primary === 0) return `0.05 / ${others}`;
  return `0.05 / ${primary} for the primary comparisons of the locked plan, and at 0.05 / ${others} for the others`;
}

/** Warns of deviations from few clusters: that of ten has an error of a quarter, so the number needed one of a half. */
function fewWords(arms: readonly ArmPower[]): string {
  const fewest = Math.min(...arms.map(({ clusters }) => clusters));
  return fewest < FEW
    ? ` Warning: ${fewest === 1 ? 'one cluster is' : `${fewest} clusters are`} too few to plan from. With fewer than ten, the deviation is off by a quarter or more, and the numbers needed by half or more.`
    : '';
}
