import { headsInMeans, type MeanHeads, meanOverHeads, type SightedGrid } from '../attention/index.js';
import { createHistogram, type ShareHistogram } from './histogram.js';
import { PROMPT, SHARE_COLUMNS, type ShareRow } from './share-columns.js';

/** Width of a bin of positions, in tokens. */
export const BIN_TOKENS = 16;
/** Rows at the start and at the end of an answer that are compared across the border between turns. */
const EDGE_ROWS = 8;

/** Sums over rows, `[columns]`. Each row is the mean over the heads that see furthest. */
export interface Sums {
  readonly sums: Float64Array;
  /** Number of rows in which each column has a value. */
  readonly counts: Float64Array;
}

/** Sums over rows of the prompt's share, for each head. */
export interface HeadSums {
  /** Rows in which each layer sees a token of the prompt, `[layers]`. */
  readonly rows: Float64Array;
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
  readonly grid: SightedGrid;
  /** The heads in means. */
  readonly seeing: MeanHeads;
  readonly rows: number;
  /** For each dialogue: turns by number. */
  readonly dialogues: readonly ReadonlyMap<number, TurnTally>[];
  /** For each dialogue: bins of positions by index. */
  readonly bins: readonly ReadonlyMap<number, Sums>[];
  /** Bins of positions by index over all dialogues, for each head. */
  readonly binHeads: ReadonlyMap<number, HeadSums>;
  /** Histograms of the prompt's share before the policy, in the rows that see the prompt, `[layers × heads]`. */
  readonly histograms: readonly ShareHistogram[];
  add(row: ShareRow): void;
}

/** Returns an empty tally. */
export function createTally(grid: SightedGrid): Tally {
  const seeing = headsInMeans(grid);
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
    add({ dialogue, turn, position, shares, seen, layersSeeing }) {
      rows++;
      const means = SHARE_COLUMNS.map((_, column) =>
        seen[column] === 1
          ? meanOverHeads(seeing, shares.subarray(column * pairs, (column + 1) * pairs))
          : Number.NaN,
      );
      const prompt = shares.subarray(PROMPT * pairs, (PROMPT + 1) * pairs);
      const ofTurn = entry(entryAt(dialogues, dialogue), turn, () => emptyTurn(position, grid));
      addMeans(ofTurn, means);
      addHeads(ofTurn.heads, prompt, layersSeeing);
      addToLine(ofTurn, position - ofTurn.start, means[PROMPT]!);
      const bin = Math.floor(position / BIN_TOKENS);
      addMeans(entry(entryAt(bins, dialogue), bin, emptySums), means);
      addHeads(
        entry(binHeads, bin, () => emptyHeads(grid)),
        prompt,
        layersSeeing,
      );
      for (let pair = 0; pair < pairs; pair++) {
        if (layersSeeing[Math.floor(pair / grid.heads)] === 1) histograms[pair]!.add(clamp(prompt[pair]!));
      }
    },
  };
}

const emptySums = (): Sums => ({
  sums: new Float64Array(SHARE_COLUMNS.length),
  counts: new Float64Array(SHARE_COLUMNS.length),
});

const emptyHeads = ({ layers, heads }: SightedGrid): HeadSums => ({
  rows: new Float64Array(layers),
  sums: new Float64Array(layers * heads),
});

const emptyTurn = (start: number, grid: SightedGrid): TurnTally => ({
  ...emptySums(),
  heads: emptyHeads(grid),
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

function addHeads({ rows, sums }: HeadSums, prompt: Float32Array, layersSeeing: Uint8Array): void {
  for (const layer of rows.keys()) rows[layer]! += layersSeeing[layer]!;
  // A layer that sees nothing of the prompt adds 0.
  for (const [pair, share] of prompt.entries()) sums[pair]! += share;
}

function addToLine({ first, last, line }: TurnTally, x: number, y: number): void {
  if (Number.isNaN(y)) return;
  if (first.length < EDGE_ROWS) first.push(y);
  last.push(y);
  if (last.length > EDGE_ROWS) last.shift();
  line.x += x;
  line.xx += x * x;
  line.y += y;
  line.xy += x * y;
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
