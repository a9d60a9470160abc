import type { CostRecord, DialogueRecord } from '../study/index.js';
import type { Gap, LabelledTiming, StudyResult } from './study-result.js';

/** What is compared with each other: one model, run in one way, on one source of dialogues, under every arm. */
export interface Slice {
  readonly labels: SliceLabels;
  /** The arm that the others are compared with: the first of the specification, led here or not. */
  readonly baseline: string;
  /** Those that have a dialogue here, in the order of the specification. */
  readonly arms: readonly ArmRecords[];
  /** Scenarios that all of these arms have, ascending: the clusters of what is told of each arm for itself. */
  readonly indices: readonly number[];
  /** Dialogues (a scenario and a seed) that some of these arms have and others lack. */
  readonly leftOut: number;
  /** Dialogues that are planned and not there, of all arms. */
  readonly gaps: readonly Gap[];
}

export interface SliceLabels {
  readonly model: string;
  readonly executor: string;
  readonly precision: string;
  readonly source: string;
}

export interface ArmRecords {
  readonly name: string;
  /** All that it has. */
  readonly dialogues: readonly DialogueRecord[];
  /** Those that all other arms have as well, so that arms can be laid side by side: `[clusters][seeds]`. */
  readonly shared: Clusters;
  readonly costs: readonly CostRecord[];
  readonly timings: readonly LabelledTiming[];
}

/** Dialogues of the same scenario lie together, because they are not independent: `[clusters][seeds]`. */
export type Clusters = readonly (readonly DialogueRecord[])[];

/** A study's records, one slice for each model and source that has a dialogue. */
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
    const led = spec.arms.filter(({ name }) => dialogues.some(({ arm }) => arm === name));
    const counts = countsOf(dialogues.map(dialogueKey));
    const isShared = (dialogue: DialogueRecord): boolean => counts.get(dialogueKey(dialogue)) === led.length;
    const shared = dialogues.filter(isShared);
    const indices = [...new Set(shared.map(({ index }) => index))].sort((a, b) => a - b);
    return {
      labels: { model, executor, precision, source },
      baseline: spec.arms[0]!.name,
      arms: led.map(({ name }) => {
        const ofArm = dialogues.filter(({ arm }) => arm === name).sort((a, b) => a.seed - b.seed);
        return {
          name,
          dialogues: ofArm,
          shared: indices.map((place) =>
            ofArm.filter((dialogue) => dialogue.index === place && isShared(dialogue)),
          ),
          costs: costs.filter((cost) => cost.arm === name),
          timings: timings.filter((timing) => timing.arm === name && sliceKey(timing) === key),
        };
      }),
      indices,
      leftOut: counts.size - shared.length / led.length,
      gaps: gaps.filter((gap) => gap.kind === 'dialogue' && sliceKey(gap) === key),
    };
  });
}

/** What makes two dialogues the same but for their arms. */
export const dialogueKey = ({ index, seed, scenario }: DialogueRecord): string =>
  JSON.stringify([index, seed, scenario]);

function countsOf(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

export const sliceKey = ({ model, executor, precision, source }: SliceLabels): string =>
  JSON.stringify([model, executor, precision, source]);

/** How a slice is called in headings. */
export function sliceName({ model, source }: Pick<SliceLabels, 'model' | 'source'>): string {
  return `${model} · ${source}`;
}

/** The arm that the others are compared with; undefined where it was not led. */
export function baselineOf({ arms, baseline }: Slice): ArmRecords | undefined {
  return arms.find(({ name }) => name === baseline);
}
