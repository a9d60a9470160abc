import { grouped } from '../grouped.js';
import type { CostRecord, InfluenceRecord } from '../study/index.js';
import { type ChanceBook, createChanceBook } from './chance.js';
import { type Clusters, clustersOf, type Sample, sampleOf } from './clusters.js';
import type { Dialogue } from './dialogues.js';
import { type SliceLabels, sliceKey } from './slice-labels.js';
import type { SliceColumns, StudyColumns } from './study-columns.js';
import type { Gap } from './study-result.js';

/** The part of a study whose arms are compared: one model, executor and precision on one source of dialogues. */
export interface Slice {
  readonly labels: SliceLabels;
  /** The arm that the others are compared with: the first of the specification, whether it was run or not. */
  readonly baseline: string;
  /** Arms that have a dialogue in this slice, in the order of the specification. */
  readonly arms: readonly ArmRecords[];
  /** The same, with those of which only costs or influence were measured. */
  readonly measured: readonly ArmRecords[];
  /** What numbers of single arms rest on: the dialogues that all these arms have. */
  readonly sample: Sample;
  /** What the probes of these dialogues score by chance. */
  readonly chance: ChanceBook;
  /** Planned questions without the prompt that have no answer: what is not known of chance. */
  readonly chanceGaps: readonly Gap[];
  /** Number of dialogues (a scenario and a seed) that some of these arms have and others lack. */
  readonly leftOut: number;
  /** Planned dialogues without a result, of all arms. */
  readonly gaps: readonly Gap[];
}

/** The records of one arm in a slice. */
export interface ArmRecords {
  readonly name: string;
  /** All dialogues of the arm. */
  readonly dialogues: readonly Dialogue[];
  /** The dialogues that all other arms have as well, so that arms are comparable; the same clusters for every arm. */
  readonly shared: Clusters;
  readonly costs: readonly CostRecord[];
  /** The direct influence of the prompt, on the untouched model's dialogues. */
  readonly influence: readonly InfluenceRecord[];
  /** The total influence, on the arm's own dialogues. */
  readonly total: readonly InfluenceRecord[];
}

/** Returns the slices of a study, one for each model and source that has a dialogue. */
export function slicesOf({ spec, slices, gaps }: StudyColumns): Slice[] {
  const order = ({ labels: { model, source } }: SliceColumns): number =>
    spec.models.findIndex(({ name }) => name === model) * spec.sources.length +
    spec.sources.findIndex(({ name }) => name === source);
  return [...slices]
    .sort((a, b) => order(a) - order(b))
    .map((columns) => {
      const { labels, dialogues, costs, influence } = columns;
      const key = sliceKey(labels);
      const inOrder = [...dialogues].sort((a, b) => a.seed - b.seed);
      const [led, priced, influenced] = [
        grouped(inOrder, armOf),
        grouped(costs, armOf),
        grouped(influence, armOf),
      ];
      const names = spec.arms.map(({ name }) => name);
      const ledArms = names.filter((name) => led.has(name)).length;
      const counts = countsOf(dialogues);
      const isShared = (dialogue: Dialogue): boolean => counts.get(dialogue.key) === ledArms;
      const isMeasured = (name: string): boolean => [led, priced, influenced].some((arms) => arms.has(name));
      const measured = names.filter(isMeasured).map((name): ArmRecords => {
        const own = led.get(name) ?? [];
        return {
          name,
          dialogues: own,
          shared: clustersOf(own.filter(isShared)),
          costs: priced.get(name) ?? [],
          influence: (influenced.get(name) ?? []).filter(({ effect }) => effect === undefined),
          total: (influenced.get(name) ?? []).filter(({ effect }) => effect === 'total'),
        };
      });
      const arms = measured.filter((arm) => arm.dialogues.length > 0);
      return {
        labels,
        baseline: spec.arms[0]!.name,
        arms,
        measured,
        sample: sampleOf(arms[0]!.shared),
        chance: createChanceBook(columns.chance),
        leftOut: counts.size - dialogues.filter(isShared).length / ledArms,
        gaps: gaps.filter((gap) => gap.kind === 'dialogue' && sliceKey(gap) === key),
        chanceGaps: gaps.filter((gap) => gap.kind === 'chance' && sliceKey(gap) === key),
      };
    });
}

const armOf = ({ arm }: { readonly arm: string }): string => arm;

/** Returns the number of arms that have each dialogue, by its key. */
function countsOf(dialogues: readonly Dialogue[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { key } of dialogues) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Returns the records of the baseline; undefined if it was not run. */
export function baselineOf({ arms, baseline }: Slice): ArmRecords | undefined {
  return arms.find(({ name }) => name === baseline);
}
