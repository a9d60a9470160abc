import type { Cell } from './cell.js';

/** Part `index` (from 1) of `count` of a study that runs on several machines. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * Returns the key of a cell's group: one dialogue or held-out item under all arms, whose cells share their first tokens. The
 * influence on a dialogue belongs to its group, so that one machine has both.
 */
export function groupOf({ kind, measure, labels }: Pick<Cell, 'kind' | 'measure' | 'labels'>): string {
  const { model, source, seed, index } = labels;
  const of = kind === 'influence' ? 'dialogue' : kind;
  return JSON.stringify([of, measure, model, source, seed, index]);
}

/**
 * Returns the cells of a shard. Whole groups are dealt to the shards in turn, so that shards are alike in size and kind.
 * Do not pass ranking cells: every shard needs all of them.
 */
export function shardOf<C extends Pick<Cell, 'kind' | 'measure' | 'labels'>>(
  cells: readonly C[],
  { index, count }: Shard,
): readonly C[] {
  const places = new Map<string, number>();
  for (const cell of cells) {
    const group = groupOf(cell);
    if (!places.has(group)) places.set(group, places.size);
  }
  return cells.filter((cell) => places.get(groupOf(cell))! % count === index - 1);
}
