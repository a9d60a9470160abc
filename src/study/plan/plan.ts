import type { StudySpec } from '../spec/index.js';
import type { Cell } from './cell.js';
import type { RankingRecord } from './record.js';
import { groupOf, type Shard, shardOf } from './shard.js';

/** A study that can be run: what was asked, and the cells it comes to. */
export interface Study {
  readonly spec: StudySpec;
  /** The file of the specification as it was named, and what it says. */
  readonly file: string;
  readonly text: string;
  /** What ran: the product, Node, the runtime. */
  readonly versions: Readonly<Record<string, string>>;
  readonly models: readonly StudyModel[];
  /** Cells whose records decide which heads some arms act on; empty where none does. */
  readonly rankings: readonly Cell[];
  /** All other cells in the order of results, once the rankings are known. */
  expand(rankings: readonly RankingRecord[]): readonly Cell[];
}

/** A model as the specification names it, and what was found under that name. */
export interface StudyModel {
  readonly name: string;
  readonly path: string;
  /** SHA-256 of the weights, hex. */
  readonly hash: string;
  readonly layers: number;
  /** Query heads of a layer. */
  readonly heads: number;
}

/** A cell as the plan of a folder keeps it: enough to find, count and show its result. */
export type PlannedCell = Pick<Cell, 'address' | 'kind' | 'labels' | 'measure'>;

/** Cells by group, groups in the order of their first cells; of cells with one address the first alone. */
export function groupsOf<C extends PlannedCell>(cells: readonly C[]): (readonly C[])[] {
  const seen = new Set<string>();
  const groups = new Map<string, C[]>();
  for (const cell of cells) {
    if (seen.has(cell.address)) continue;
    seen.add(cell.address);
    const key = groupOf(cell);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cell]);
    else group.push(cell);
  }
  return [...groups.values()];
}

/** The cells of a shard. Rankings are everybody's: what the other cells are depends on them. */
export function cellsOfShard<C extends PlannedCell>(cells: readonly C[], shard: Shard | null): readonly C[] {
  if (shard === null) return cells;
  const isRanking = (cell: C): boolean => cell.kind === 'ranking';
  return [
    ...cells.filter(isRanking),
    ...shardOf(
      cells.filter((cell) => !isRanking(cell)),
      shard,
    ),
  ];
}
