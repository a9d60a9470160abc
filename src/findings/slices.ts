import type { CostRecord, DialogueRecord, InfluenceRecord } from '../study/index.js';
import { type ChanceBook, createChanceBook } from './chance.js';
import { type Clusters, clustersOf, type Sample, sampleOf } from './clusters.js';
import type { Gap, LabelledTiming, StudyResult } from './study-result.js';

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

/** What identifies a slice. */
export interface SliceLabels {
  readonly model: string;
  readonly executor: string;
  readonly precision: string;
  readonly source: string;
}

/** The records of one arm in a slice. */
export interface ArmRecords {
  readonly name: string;
  /** All dialogues of the arm. */
  readonly dialogues: readonly DialogueRecord[];
  /** The dialogues that all other arms have as well, so that arms are comparable; the same clusters for every arm. */
  readonly shared: Clusters;
  readonly costs: readonly CostRecord[];
  /** The direct influence of the prompt, on the untouched model's dialogues. */
  readonly influence: readonly InfluenceRecord[];
  /** The total influence, on the arm's own dialogues. */
  readonly total: readonly InfluenceRecord[];
  readonly timings: readonly LabelledTiming[];
}

/** Splits a study's records into slices, one for each model and source that has a dialogue. */
export function slicesOf({ spec, records, gaps, timings }: StudyResult): Slice[] {
  const keys = new Map(
    records.filter(({ kind }) => kind === 'dialogue').map((record) => [sliceKey(record), record]),
  );
  const order = ({ model, source }: SliceLabels): number =>
    spec.models.findIndex(({ name }) => name === model) * spec.sources.length +
    spec.sources.findIndex(({ name }) => name === source);
  const inOrder = [...keys].sort(([, a], [, b]) => order(a) - order(b));
  return inOrder.map(([key, { model, executor, precision, source }]) => {
    const own = records.filter((record) => sliceKey(record) === key);
    const dialogues = own.filter((record) => record.kind === 'dialogue');
    const costs = own.filter((record) => record.kind === 'cost');
    const influence = own.filter((record) => record.kind === 'influence');
    const withRecords = (of: readonly { readonly arm: string }[]) =>
      spec.arms.filter(({ name }) => of.some(({ arm }) => arm === name));
    const led = withRecords(dialogues);
    const counts = countsOf(dialogues.map(dialogueKey));
    const isShared = (dialogue: DialogueRecord): boolean => counts.get(dialogueKey(dialogue)) === led.length;
    const shared = dialogues.filter(isShared);
    const measured = withRecords([...dialogues, ...costs, ...influence]).map(({ name }): ArmRecords => {
      const ofArm = dialogues.filter(({ arm }) => arm === name).sort((a, b) => a.seed - b.seed);
      return {
        name,
        dialogues: ofArm,
        shared: clustersOf(ofArm.filter(isShared)),
        costs: costs.filter((cost) => cost.arm === name),
        influence: influence.filter(({ arm, effect }) => arm === name && effect === undefined),
        total: influence.filter(({ arm, effect }) => arm === name && effect === 'total'),
        timings: timings.filter((timing) => timing.arm === name && sliceKey(timing) === key),
      };
    });
    const arms = measured.filter((arm) => arm.dialogues.length > 0);
    return {
      labels: { model, executor, precision, source },
      baseline: spec.arms[0]!.name,
      arms,
      measured,
      sample: sampleOf(arms[0]!.shared),
      chance: createChanceBook(own.filter((record) => record.kind === 'chance')),
      leftOut: counts.size - shared.length / led.length,
      gaps: gaps.filter((gap) => gap.kind === 'dialogue' && sliceKey(gap) === key),
      chanceGaps: gaps.filter((gap) => gap.kind === 'chance' && sliceKey(gap) === key),
    };
  });
}

/** Returns the key that a dialogue shares with the same dialogue under other arms. */
export const dialogueKey = ({ index, seed, scenario }: DialogueRecord): string =>
  JSON.stringify([index, seed, scenario]);

function countsOf(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Returns the key of the slice that a record belongs to. */
export const sliceKey = ({ model, executor, precision, source }: SliceLabels): string =>
  JSON.stringify([model, executor, precision, source]);

/** Returns the name of a slice in headings. */
export function sliceName({ model, source }: Pick<SliceLabels, 'model' | 'source'>): string {
  return `${model} · ${source}`;
}

/** Returns the records of the baseline; undefined if it was not run. */
export function baselineOf({ arms, baseline }: Slice): ArmRecords | undefined {
  return arms.find(({ name }) => name === baseline);
}
