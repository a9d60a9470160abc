import type { ModelSize } from '../../concurrency.js';
import { grouped } from '../../grouped.js';
import type { Moment } from '../../text/index.js';
import type { StudySpec } from '../spec/index.js';
import type { Cell } from './cell.js';
import type { CostRecord, RankingRecord } from './record.js';
import { groupOf, type Shard, shardOf } from './shard.js';

/** A study that is ready to run: its specification and its cells. */
export interface Study {
  readonly spec: StudySpec;
  /** The specification as it was named on the command line. */
  readonly file: string;
  /** The text of the specification. */
  readonly text: string;
  /** Notices about the specification for its author, such as the former name of a policy. */
  readonly notices: readonly string[];
  /** Versions of Holdfast, Node and the runtime. */
  readonly versions: Readonly<Record<string, string>>;
  readonly models: readonly StudyModel[];
  readonly sources: readonly StudySource[];
  /** Whether its arms run on the calibration dialogues, so that nothing is tested and no analysis plan is locked. */
  readonly calibrates: boolean;
  /** Returns the cells of the study at a moment, which is the same for all of them. */
  cellsAt(now: Moment): StudyCells;
}

/** The cells of a study. */
export interface StudyCells {
  /** Cells whose records decide which heads some arms act on; empty if no arm needs a ranking. */
  readonly rankings: readonly Cell[];
  /** Returns all other cells in the order of results, given the records of the rankings. They can be gone through once. */
  expand(rankings: readonly RankingRecord[]): Iterable<Cell>;
}

/** A model of a study: its name in the specification, and the files found under it. */
export interface StudyModel {
  readonly name: string;
  readonly path: string;
  /** SHA-256 of the weights, in hex. */
  readonly hash: string;
  readonly layers: number;
  /** Query heads per layer. */
  readonly heads: number;
  /** Decides how many dialogues run at once. */
  readonly size: ModelSize;
  /** Whether its chat template can write the date or time. */
  readonly mayWriteTime: boolean;
}

/** What a source of a study offers. */
export interface StudySource {
  readonly name: string;
  /** Dialogues that the study takes from it. */
  readonly dialogues: number;
  /** Their different system prompts. */
  readonly prompts: number;
  /** Whether any of them asks a probe. */
  readonly probed: boolean;
  /** Held-out items for each cost: as many as the study asks for, and as many of these as were found. */
  readonly heldOut: Readonly<
    Record<CostRecord['measure'], { readonly asked: number; readonly found: number }>
  >;
}

/** A cell as it is stored in a folder's plan: enough to find, count and show its result, and to divide the study. */
export type PlannedCell = Pick<Cell, 'address' | 'kind' | 'labels' | 'measure' | 'work'>;

/** Groups cells, in the order of each group's first cell. Of several cells with the same address, keeps the first. */
export function groupsOf<C extends PlannedCell>(cells: readonly C[]): (readonly C[])[] {
  const seen = new Set<string>();
  const firsts = cells.filter(({ address }) => {
    const isFirst = !seen.has(address);
    seen.add(address);
    return isFirst;
  });
  return [...grouped(firsts, groupOf).values()];
}

/** Returns the cells of a shard. Every shard has all rankings, because the other cells depend on them. */
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
