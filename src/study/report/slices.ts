import type { CostRecord, DialogueRecord } from '../index.js';
import type { Gap, LabelledTiming, StudyResult } from './study-result.js';

/** What is compared with each other: one model, run in one way, on one source of dialogues, under every arm. */
export interface Slice {
  readonly labels: SliceLabels;
  /** Scenarios that some arm has a dialogue of, ascending: the clusters of every statistic. */
  readonly indices: readonly number[];
  /** In the order of the specification; the first is the one that the others are compared with. */
  readonly arms: readonly ArmRecords[];
}

export interface SliceLabels {
  readonly model: string;
  readonly executor: string;
  readonly precision: string;
  readonly source: string;
}

export interface ArmRecords {
  readonly name: string;
  /** `[clusters][seeds]`; a cluster is empty where the arm has no dialogue of it. */
  readonly dialogues: Clusters;
  readonly costs: readonly CostRecord[];
  readonly timings: readonly LabelledTiming[];
  /** Dialogues that are planned and not there. */
  readonly gaps: readonly Gap[];
}

/** Dialogues of the same scenario lie together, because they are not independent: `[clusters][seeds]`. */
export type Clusters = readonly (readonly DialogueRecord[])[];

/** A study's records, one slice for each model and source that has a dialogue. */
export function slicesOf({ spec, records, gaps, timings }: StudyResult): Slice[] {
  const slices: Slice[] = [];
  const keys = new Map(
    records.filter(({ kind }) => kind === 'dialogue').map((record) => [sliceKey(record), record]),
  );
  const order = ({ model, source }: SliceLabels): number =>
    spec.models.findIndex(({ name }) => name === model) * spec.sources.length +
    spec.sources.findIndex(({ name }) => name === source);
  for (const [key, labels] of [...keys].sort(([, a], [, b]) => order(a) - order(b))) {
    const own = records.filter((record) => sliceKey(record) === key);
    const dialogues = own.filter((record) => record.kind === 'dialogue');
    const costs = own.filter((record) => record.kind === 'cost');
    const lacking = gaps.filter((gap) => gap.kind === 'dialogue' && sliceKey(gap) === key);
    const indices = [...new Set(dialogues.map(({ index }) => index))].sort((a, b) => a - b);
    const arms = spec.arms.map(({ name }): ArmRecords => {
      const ofArm = dialogues.filter(({ arm }) => arm === name).sort((a, b) => a.seed - b.seed);
      return {
        name,
        dialogues: indices.map((place) => ofArm.filter(({ index }) => index === place)),
        costs: costs.filter((cost) => cost.arm === name),
        timings: timings.filter((timing) => timing.arm === name && sliceKey(timing) === key),
        gaps: lacking.filter((gap) => gap.arm === name),
      };
    });
    const led = arms.filter((arm) => arm.dialogues.some((cluster) => cluster.length > 0));
    const { model, executor, precision, source } = labels;
    slices.push({ labels: { model, executor, precision, source }, indices, arms: led });
  }
  return slices;
}

const sliceKey = ({ model, executor, precision, source }: SliceLabels): string =>
  JSON.stringify([model, executor, precision, source]);

/** How a slice is called in headings. */
export function sliceName({ model, source }: SliceLabels): string {
  return `${model} · ${source}`;
}
