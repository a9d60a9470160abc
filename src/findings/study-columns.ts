import type { CostRecord, DialogueRecord, InfluenceRecord, RankingRecord } from '../study/index.js';
import type { ScenarioChance } from './chance.js';
import { collectDialogues, type Dialogue, type DialogueCollector, type Timing } from './dialogues.js';
import { type SliceLabels, sliceKey } from './slice-labels.js';
import type { KeptRecord, StudyFacts, StudyResult } from './study-result.js';

/** The results of a study as an analysis reads them: without texts, so that a million records fit into memory. */
export interface StudyColumns extends StudyFacts {
  /** Number of cells that have a result. */
  readonly cells: number;
  /** Those of every model and source with a dialogue, in the order of their first dialogues. */
  readonly slices: readonly SliceColumns[];
  readonly rankings: readonly RankingRecord[];
  /** Returns the record of a dialogue with its texts. */
  readonly recordOf: (dialogue: Dialogue) => Promise<DialogueRecord>;
}

/** The results of one model, executor and precision on one source. */
export interface SliceColumns {
  readonly labels: SliceLabels;
  readonly dialogues: readonly Dialogue[];
  readonly costs: readonly CostRecord[];
  readonly influence: readonly InfluenceRecord[];
  readonly chance: readonly ScenarioChance[];
}

/** Collects the records of a study. */
export interface StudyCollector {
  /** @param at number of the record, which `recordOf` is asked for */
  add(record: KeptRecord, at: number, timing?: Timing): void;
  /** Returns what was collected. */
  finish(): Pick<StudyColumns, 'cells' | 'slices' | 'rankings'>;
}

/** Returns a collector of records. @param baseline the arm whose heads are kept */
export function collectStudy(baseline: string): StudyCollector {
  const slices = new Map<string, SliceCollector>();
  const rankings: RankingRecord[] = [];
  let cells = 0;
  const sliceOf = (record: KeptRecord): SliceCollector => {
    const key = sliceKey(record);
    const slice = slices.get(key) ?? collectSlice(record, baseline);
    slices.set(key, slice);
    return slice;
  };
  return {
    add(record, at, timing) {
      cells++;
      if (record.kind === 'ranking') rankings.push(record);
      else if (record.kind === 'dialogue') sliceOf(record).dialogues.add(record, at, timing);
      else if (record.kind === 'cost') sliceOf(record).costs.push(record);
      else if (record.kind === 'influence') sliceOf(record).influence.push(record);
      else {
        const { chance, dialogues } = sliceOf(record);
        const answers = record.answers.map((answer) => {
          const { under, score } = answer;
          return { asked: dialogues.askedOf(answer), under, score };
        });
        chance.push({ scenario: dialogues.scenarioOf(record), answers });
      }
    },
    finish() {
      const led = [...slices.values()].filter(({ dialogues }) => dialogues.dialogues.length > 0);
      const inOrder = led.sort((a, b) => a.dialogues.dialogues[0]!.at - b.dialogues.dialogues[0]!.at);
      const finished = inOrder.map(({ dialogues, ...slice }) => ({
        ...slice,
        dialogues: dialogues.finish(),
      }));
      return { cells, slices: finished, rankings };
    },
  };
}

interface SliceCollector {
  readonly labels: SliceLabels;
  readonly dialogues: DialogueCollector;
  readonly costs: CostRecord[];
  readonly influence: InfluenceRecord[];
  readonly chance: ScenarioChance[];
}

function collectSlice({ model, executor, precision, source }: SliceLabels, baseline: string): SliceCollector {
  const labels = { model, executor, precision, source };
  return { labels, dialogues: collectDialogues(baseline), costs: [], influence: [], chance: [] };
}

/** Returns a study in columns. */
export function columnsOf(study: StudyResult | StudyColumns): StudyColumns {
  if (!('records' in study)) return study;
  const { records, timings, ...facts } = study;
  const keyOf = (labels: KeptRecord | StudyResult['timings'][number]): string =>
    JSON.stringify([sliceKey(labels), labels.arm, labels.seed, labels.index]);
  const timed = new Map(timings.map((timing) => [keyOf(timing), timing]));
  const collector = collectStudy(study.spec.arms[0]!.name);
  for (const [at, record] of records.entries()) collector.add(record, at, timed.get(keyOf(record)));
  return { ...facts, ...collector.finish(), recordOf: async ({ at }) => records[at] as DialogueRecord };
}
