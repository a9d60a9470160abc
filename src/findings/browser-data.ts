import { grouped } from '../grouped.js';
import type { DialogueRecord } from '../study/index.js';
import { sliceName } from './slice-labels.js';
import type { Slice } from './slices.js';
import type { StudyColumns } from './study-columns.js';

/** The dialogues that the page shows, as plain JSON. */
export interface BrowserData {
  readonly early: readonly [first: number, last: number];
  readonly late: readonly [first: number, last: number];
  readonly slices: readonly BrowserSlice[];
}

/** The dialogues of one slice. */
export interface BrowserSlice {
  readonly name: string;
  readonly arms: readonly string[];
  /** Number of dialogues in the slice, shown or not. */
  readonly total: number;
  readonly dialogues: readonly BrowserDialogue[];
}

/** One scenario and seed, under every arm. */
export interface BrowserDialogue {
  readonly index: number;
  readonly seed: number;
  readonly group: string;
  readonly scenario: string;
  readonly system: string;
  /** `[arms]`; null if the arm did not run it. */
  readonly runs: readonly (BrowserRun | null)[];
}

type BrowserRun = readonly Pick<
  DialogueRecord['rounds'][number],
  | 'round'
  | 'user'
  | 'answer'
  | 'finished'
  | 'contextTokens'
  | 'strength'
  | 'share'
  | 'obedience'
  | 'ability'
  | 'fluency'
  | 'probes'
>[];

/**
 * Returns the dialogues of a slice that the page shows.
 * @param most the largest number of dialogues; if the slice has more, an evenly spaced choice of them is shown
 */
export async function browserSlice(
  { labels, arms }: Slice,
  most: number,
  recordOf: StudyColumns['recordOf'],
): Promise<BrowserSlice> {
  const runs = grouped(
    arms.flatMap(({ dialogues }) => dialogues),
    ({ index, seed }) => `${index} ${seed}`,
  );
  const all = [...runs.values()].sort(([a], [b]) => a!.index - b!.index || a!.seed - b!.seed);
  const dialogues: BrowserDialogue[] = [];
  for (const own of evenly(all, most)) {
    const records = await Promise.all(own.map(recordOf));
    const { index, seed } = own[0]!;
    const { group, scenario, system } = records[0]!;
    dialogues.push({
      ...{ index, seed, group, scenario, system },
      runs: arms.map(({ name }) => {
        const at = own.findIndex(({ arm }) => arm === name);
        return records[at]?.rounds.map(shownRound) ?? null;
      }),
    });
  }
  return { name: sliceName(labels), arms: arms.map(({ name }) => name), total: all.length, dialogues };
}

function shownRound(record: DialogueRecord['rounds'][number]): BrowserRun[number] {
  const { round, user, answer, finished, contextTokens, strength } = record;
  const { share, obedience, ability, fluency, probes } = record;
  return {
    round,
    user,
    answer,
    finished,
    contextTokens,
    strength,
    share,
    obedience,
    ability,
    fluency,
    probes,
  };
}

/** Returns at most `most` of the items, evenly spaced, including the first and the last. */
function evenly<Item>(items: readonly Item[], most: number): readonly Item[] {
  if (items.length <= most) return items;
  if (most === 1) return items.slice(0, 1);
  return Array.from({ length: most }, (_, at) => items[Math.round((at * (items.length - 1)) / (most - 1))]!);
}
