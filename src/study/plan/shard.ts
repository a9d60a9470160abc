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
 * Returns the cells of a shard. Whole groups are dealt, those with the most work first, each to the shard that has the least
 * so far (Graham 1969, "longest processing time first"); of equal shards to the first. So shards differ by at most the work of
 * one group, groups of equal work are dealt in turn, and every machine deals in the same way. In a plan without work, all
 * groups are equal. Do not pass ranking cells: every shard needs all of them.
 */
export function shardOf<C extends Pick<Cell, 'kind' | 'measure' | 'labels' | 'work'>>(
  cells: readonly C[],
  { index, count }: Shard,
): readonly C[] {
  const works = new Map<string, number>();
  const isWeighed = cells.every(({ work }) => work !== undefined);
  for (const cell of cells) {
    const group = groupOf(cell);
    works.set(group, isWeighed ? (works.get(group) ?? 0) + cell.work! : 1);
  }
  const loads = new Float64Array(count);
  const dealt = new Set<string>();
  // Sorting keeps the order of equal groups.
  for (const [group, work] of [...works].sort(([, a], [, b]) => b - a)) {
    const lightest = loads.reduce((least, load, at) => (load < loads[least]! ? at : least), 0);
    loads[lightest]! += work;
    if (lightest === index - 1) dealt.add(group);
  }
  return cells.filter((cell) => dealt.has(groupOf(cell)));
}
