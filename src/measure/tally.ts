import type { HeadGrid } from '../attention/index.js';
import { createHistogram, type ShareHistogram } from './histogram.js';
import { PROMPT, SHARE_COLUMNS, type ShareRow } from './share-columns.js';

/** Width of a bin of positions, in tokens. */
export const BIN_TOKENS = 16;
/** Rows at the start and at the end of an answer that are compared across the border between turns. */
const EDGE_ROWS = 8;

/** Sums over rows, `[columns]`. Each row is the mean over the heads that see the whole dialogue. */
export interface Sums {
  readonly sums: Float64Array;
  /** Number of rows in which each column has a value. */
  readonly counts: Float64Array;
}

/** Sums over rows of the prompt's share, for each head. */
export interface HeadSums {
  rows: number;
  /** `[layers × heads]`. */
  readonly sums: Float64Array;
}

/** One turn of one dialogue. */
export interface TurnTally extends Sums {
  readonly heads: HeadSums;
  /** Position of its first token. */
  readonly start: number;
  /** The prompt's share in the first rows and in the last rows. */
  readonly first: number[];
  readonly last: number[];
  /** Sums of x, x², y and x·y for the slope of the share y over positions x since `start`. */
  readonly line: { x: number; xx: number; y: number; xy: number };
}

/** The part of a measurement kept in memory. It grows with turns and length, not with rows × heads. */
export interface Tally {
  readonly grid: HeadGrid;
  /** Heads in the headline means, as indices into `[layers × heads]`. */
  readonly seeing: readonly number[];
  readonly rows: number;
  /** For each dialogue: turns by number. */
  readonly dialogues: readonly ReadonlyMap<number, TurnTally>[];
  /** For each dialogue: bins of positions by index. */
  readonly bins: readonly ReadonlyMap<number, Sums>[];
  /** Bins of positions by index over all dialogues, for each head. */
  readonly binHeads: ReadonlyMap<number, HeadSums>;
  /** Histograms of the prompt's share before the policy, `[layers × heads]`. */
  readonly histograms: readonly ShareHistogram[];
  add(row: ShareRow): void;
}

/** Returns an empty tally. */
export function createTally(grid: HeadGrid, seeing: readonly number[]): Tally {
  const pairs = grid.layers * grid.heads;
  const dialogues: Map<number, TurnTally>[] = [];
  const bins: Map<number, Sums>[] = [];
  const binHeads = new Map<number, HeadSums>();
  const histograms = Array.from({ length: pairs }, createHistogram);
  let rows = 0;

  return {
    grid,
    seeing,
    dialogues,
    bins,
    binHeads,
    histograms,
    get rows() {
      return rows;
    },
    add({ dialogue, turn, position, shares }) {
      rows++;
      const means = SHARE_COLUMNS.map((_, column) => meanOver(shares, column * pairs, seeing));
      const prompt = shares.subarray(PROMPT * pairs, (PROMPT + 1) * pairs);
      const ofTurn = entry(entryAt(dialogues, dialogue), turn, () => emptyTurn(position, pairs));
      addMeans(ofTurn, means);
      addHeads(ofTurn.heads, prompt);
      addToLine(ofTurn, position - ofTurn.start, means[PROMPT]!);
      const bin = Math.floor(position / BIN_TOKENS);
      addMeans(entry(entryAt(bins, dialogue), bin, emptySums), means);
      addHeads(
        entry(binHeads, bin, () => emptyHeads(pairs)),
        prompt,
      );
      for (let pair = 0; pair < pairs; pair++) histograms[pair]!.add(clamp(prompt[pair]!));
    },
  };
}

const emptySums = (): Sums => ({
  sums: new Float64Array(SHARE_COLUMNS.length),
  counts: new Float64Array(SHARE_COLUMNS.length),
});

const emptyHeads = (pairs: number): HeadSums => ({ rows: 0, sums: new Float64Array(pairs) });

const emptyTurn = (start: number, pairs: number): TurnTally => ({
  ...emptySums(),
  heads: emptyHeads(pairs),
  start,
  first: [],
  last: [],
  line: { x: 0, xx: 0, y: 0, xy: 0 },
});

function addMeans({ sums, counts }: Sums, means: readonly number[]): void {
  for (const [column, mean] of means.entries()) {
    if (Number.isNaN(mean)) continue;
    sums[column]! += mean;
    counts[column]!++;
  }
}

function addHeads(heads: HeadSums, prompt: Float32Array): void {
  heads.rows++;
  for (const [pair, share] of prompt.entries()) heads.sums[pair]! += share;
}

function addToLine({ first, last, line }: TurnTally, x: number, y: number): void {
  if (first.length < EDGE_ROWS) first.push(y);
  last.push(y);
  if (last.length > EDGE_ROWS) last.shift();
  line.x += x;
  line.xx += x * x;
  line.y += y;
  line.xy += x * y;
}

function meanOver(shares: Float32Array, start: number, pairs: readonly number[]): number {
  let sum = 0;
  for (const pair of pairs) sum += shares[start + pair]!;
  return sum / pairs.length;
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, empty: () => Value): Value {
  const found = map.get(key) ?? empty();
  map.set(key, found);
  return found;
}

/** Returns the map of a dialogue; dialogues come in order. */
function entryAt<Key, Value>(maps: Map<Key, Value>[], index: number): Map<Key, Value> {
  while (maps.length <= index) maps.push(new Map());
  return maps[index]!;
}

/** Clamps a share that rounding has moved outside 0…1. */
const clamp = (share: number): number => Math.min(1, Math.max(0, share));
