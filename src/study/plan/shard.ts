import type { Cell } from './cell.js';

/** Part `index`, from 1, of `count`, when a study is run on several machines. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Cells that share their first tokens: one dialogue, or one held-out item, under all arms. */
export function groupOf({ kind, measure, labels }: Pick<Cell, 'kind' | 'measure' | 'labels'>): string {
  const { model, source, seed, index } = labels;
  return JSON.stringify([kind, measure, model, source, seed, index]);
}

/**
 * The cells of a shard: whole groups, dealt out in turn, so that shards are alike in size and kind. Ranking cells are
 * not for dealing: every shard needs them all.
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
