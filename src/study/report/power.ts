import { clusterDeviation, clustersFor, minimalDetectableEffect } from '../../measure/index.js';
import type { DataTable } from '../../report/index.js';
import { differencesIn, pairsOf, type WindowName, windowsOf } from './effects.js';
import { type SliceLabels, sliceName, slicesOf } from './slices.js';
import type { StudyResult } from './study-result.js';

/** What a study, taken as a pilot, says of how large the next one must be. */
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
  /** Scenarios that find the effect asked for; null when none of them differs. */
  readonly needed: number | null;
}

/** @param effect a difference of stability, above 0 */
export function armPowers(study: StudyResult, effect: number): ArmPower[] {
  return slicesOf(study).flatMap((slice) =>
    pairsOf(slice).flatMap(({ arm, pair }) => {
      return windowsOf(pair.right, study.spec).flatMap(({ window, has }): ArmPower[] => {
        const differences = differencesIn(pair, has);
        if (differences.length < 2) return [];
        const clusters = differences.length;
        const standardDeviation = clusterDeviation(differences);
        const varies = standardDeviation > 0;
        return [
          {
            labels: slice.labels,
            arm,
            window,
            clusters,
            deviation: standardDeviation,
            detectable: varies ? minimalDetectableEffect({ clusters, standardDeviation }) : null,
            needed: varies ? clustersFor({ effect, standardDeviation }) : null,
          },
        ];
      });
    }),
  );
}

export function powerTable(powers: readonly ArmPower[], effect: number): DataTable {
  return {
    name: 'power',
    title: 'Power',
    note: 'Differences of stability to the first arm, by scenario. An effect is found four times in five by a two-sided paired test at α = 0.05, uncorrected.',
    columns: [
      { name: 'arm', heading: 'arm' },
      { name: 'slice', heading: 'model · source' },
      { name: 'rounds', heading: 'rounds' },
      { name: 'scenarios', heading: 'scenarios', digits: 0 },
      { name: 'deviation', heading: 'sd of differences', digits: 3 },
      { name: 'detectable', heading: 'sees effects from', digits: 3 },
      { name: 'needed', heading: `scenarios for ${effect}`, digits: 0 },
    ],
    rows: powers.map(({ labels, arm, window, clusters, deviation, detectable, needed }) => [
      arm,
      sliceName(labels),
      window,
      clusters,
      deviation,
      detectable,
      needed,
    ]),
  };
}
