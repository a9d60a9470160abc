import { grouped } from '../grouped.js';
import type { Dialogue } from './dialogues.js';

/** Dialogues grouped by what is independent, `[clusters][dialogues]`, by index, then by seed; see {@link clustersOf}. */
export type Clusters = readonly (readonly Dialogue[])[];

/** How many dialogues a number rests on, and how many of them are independent. */
export interface Sample {
  readonly dialogues: number;
  /** Different system prompts of these dialogues. */
  readonly prompts: number;
  /** What intervals, tests and power count: prompts; the dialogues' indices if all have the same prompt. */
  readonly clusters: number;
}

/**
 * Groups items by the cluster of their dialogue. A cluster is a system prompt, as the source gave it to the measured
 * model: dialogues of one prompt are not independent, because an easy prompt is obeyed in all of them. If all dialogues
 * have the same prompt, a cluster is an index with its seeds, and results hold for this prompt alone.
 */
export function clustered<Item>(
  items: readonly Item[],
  dialogueOf: (item: Item) => Pick<Dialogue, 'index' | 'seed' | 'system'>,
): (readonly Item[])[] {
  const ordered = [...items].sort((a, b) => {
    const [one, other] = [dialogueOf(a), dialogueOf(b)];
    return one.index - other.index || one.seed - other.seed;
  });
  const hasOnePrompt = promptsIn(ordered.map(dialogueOf)) === 1;
  return [
    ...grouped(ordered, (item) => {
      const { index, system } = dialogueOf(item);
      return hasOnePrompt ? index : system;
    }).values(),
  ];
}

/** Groups dialogues by what is independent; see {@link clustered}. */
export function clustersOf(dialogues: readonly Dialogue[]): Clusters {
  return clustered(dialogues, (dialogue) => dialogue);
}

/** Counts the dialogues and prompts of clusters. */
export function sampleOf(clusters: Clusters): Sample {
  const dialogues = clusters.flat();
  return { dialogues: dialogues.length, prompts: promptsIn(dialogues), clusters: clusters.length };
}

/** Returns, for example, `100 dialogues of 32 prompts`. */
export function sampleText({ dialogues, prompts }: Sample): string {
  return `${counted(dialogues, 'dialogue')} of ${counted(prompts, 'prompt')}`;
}

const promptsIn = (dialogues: readonly Pick<Dialogue, 'system'>[]): number =>
  new Set(dialogues.map(({ system }) => system)).size;

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
