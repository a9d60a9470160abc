import type { DataTable } from '../report/index.js';
import { clusterDeviation, clustersFor, minimalDetectableEffect } from '../statistics/index.js';
import { differencesIn, pairsOf, type WindowName, windowsOf } from './effects.js';
import { type SliceLabels, sliceName, slicesOf } from './slices.js';
import type { StudyResult } from './study-result.js';

/** What a study, taken as a pilot, says of how large the next one must be. */
export interface PilotPower {
  /** The difference of stability that is to be found, above 0. */
  readonly effect: number;
  /** Differences that the report tests, over which Holm corrects: with luck against it, one is tested at α / tests. */
  readonly tests: number;
  readonly arms: readonly ArmPower[];
}

export interface ArmPower {
  readonly labels: SliceLabels;
  readonly arm: string;
  readonly window: WindowName;
  /** Scenarios that both arms have. */
  readonly clusters: number;
  /** Of the differences to the first arm, over scenarios. */
  readonly deviation: number;
  /** The smallest effect that so many scenarios find with power 0.8 at α = 0.05; null when none of them differs. */
  readonly detectable: number | null;
  /** Scenarios that find the effect asked for at α = 0.05, and at α / tests; null when none of them differs. */
  readonly needed: number | null;
  readonly neededCorrected: number | null;
}

/** @param effect a difference of stability, above 0 */
export function pilotPower(study: StudyResult, effect: number): PilotPower {
  const tested = slicesOf(study).flatMap((slice) =>
    pairsOf(slice).flatMap(({ arm, pair }) =>
      windowsOf(pair.right, study.spec).map(({ window, has }) => ({
        ...{ labels: slice.labels, arm, window },
        differences: differencesIn(pair, has),
      })),
    ),
  );
  const tests = tested.filter(({ differences }) => differences.length > 0).length;
  const arms = tested.flatMap(({ differences, ...tested }): ArmPower[] => {
    const clusters = differences.length;
    if (clusters < 2) return [];
    const standardDeviation = clusterDeviation(differences);
    const varies = standardDeviation > 0;
    return [
      {
        ...tested,
        clusters,
        deviation: standardDeviation,
        detectable: varies ? minimalDetectableEffect({ clusters, standardDeviation }) : null,
        needed: varies ? clustersFor({ effect, standardDeviation }) : null,
        neededCorrected: varies ? clustersFor({ effect, standardDeviation, alpha: ALPHA / tests }) : null,
      },
    ];
  });
  return { effect, tests, arms };
}

const ALPHA = 0.05;

export function powerTable({ effect, tests, arms }: PilotPower): DataTable {
  return {
    name: 'power',
    title: 'Power',
    note:
      'Differences of stability to the first arm, by scenario. An effect is found four times in five by a two-sided paired test at α = 0.05, uncorrected; ' +
      `corrected: at 0.05 / ${tests}, the worst that Holm's correction asks of a report with the ${tests} differences of this one.`,
    columns: [
      { name: 'arm', heading: 'arm' },
      { name: 'slice', heading: 'model · source' },
      { name: 'rounds', heading: 'rounds' },
      { name: 'scenarios', heading: 'scenarios', digits: 0 },
      { name: 'deviation', heading: 'sd of differences', digits: 3 },
      { name: 'detectable', heading: 'sees effects from', digits: 3 },
      { name: 'needed', heading: `scenarios for ${effect}`, digits: 0 },
      { name: 'needed_corrected', heading: 'corrected', digits: 0 },
    ],
    rows: arms.map(({ labels, arm, window, clusters, deviation, detectable, needed, neededCorrected }) => [
      arm,
      sliceName(labels),
      window,
      clusters,
      deviation,
      detectable,
      needed,
      neededCorrected,
    ]),
  };
}
