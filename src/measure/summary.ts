import type { MeanHeads } from '../attention/index.js';
import {
  differenceOf,
  mean,
  meanOf,
  type Point,
  quantile,
  type Score,
  type ShareSpread,
} from '../statistics/index.js';
import {
  type Clusters,
  clustersOf,
  type HalfLife,
  type Measured,
  measure,
  measureHalfLife,
  NO_SCORE,
} from './estimates.js';
import { type HeadSummary, summarizeHeads } from './head-summary.js';
import { createHistogram } from './histogram.js';
import { PROMPT, SHARE_COLUMNS, type ShareColumn } from './share-columns.js';
import { BIN_TOKENS, type HeadSums, type Sums, type Tally, type TurnTally } from './tally.js';

/** The largest number of places along the tokens. */
const MOST_BINS = 48;

/** Shares at a place of the dialogue. */
export interface Place {
  /** Number of dialogues that reached it. */
  readonly dialogues: number;
  /** Means over rows and the heads that see furthest; null for a range that does not exist yet, or that no head sees. */
  readonly shares: Readonly<Record<ShareColumn, Measured | null>>;
  /** Percentiles over these heads of the prompt's mean share; null if no head sees the prompt. */
  readonly heads: { readonly tenth: number; readonly median: number; readonly ninetieth: number } | null;
}

/** Shares in one turn. */
export interface TurnPlace extends Place {
  readonly turn: number;
  /** Tokens of the dialogue before the answer: the mean over dialogues. */
  readonly tokens: number;
  /** The prompt's mean share in each layer, `[layers]`, over the rows that see it; null for a layer that never does. */
  readonly layers: readonly (number | null)[];
}

/** Shares at the positions `[from, to)`, in tokens. */
export interface TokenPlace extends Place {
  readonly from: number;
  readonly to: number;
}

/** Columns with a half-life: the prompt, the prefix, and each control. */
export const HALF_LIFE_COLUMNS = ['prompt', 'prefix', 'sink', 'template', 'random'] as const;

/** The half-life of a share in turns and in tokens; null if it cannot be estimated. */
export interface HalfLives {
  readonly turns: HalfLife | null;
  readonly tokens: HalfLife | null;
}

/** The summary of a measurement. Shares are before the policy unless noted. */
export interface DecaySummary {
  readonly dialogues: number;
  /** Different system prompts of the dialogues. */
  readonly prompts: number;
  /** What intervals count: prompts; dialogues if all have the same prompt. */
  readonly clusters: number;
  /** Number of rows: generated or recorded tokens. */
  readonly rows: number;
  readonly layers: number;
  readonly headsPerLayer: number;
  /** Number of heads in the means: those that see furthest. */
  readonly headsInMeans: number;
  readonly turns: readonly TurnPlace[];
  readonly tokens: readonly TokenPlace[];
  readonly halfLives: Readonly<Record<(typeof HALF_LIFE_COLUMNS)[number], HalfLives>>;
  /** Change of the prompt's share per token within an answer: the common slope of all turns. */
  readonly slopeWithinTurns: Measured | null;
  /** Fall of the prompt's share from the last rows of an answer to the first rows of the next. */
  readonly dropBetweenTurns: Measured | null;
  /** Distribution of the prompt's share over the rows and heads in the means; null if no head ever sees it. */
  readonly spread: ShareSpread | null;
  /** Ordered by layer, then head. */
  readonly heads: readonly HeadSummary[];
}

/**
 * Summarises a measurement that has at least one row.
 * @param systems the system prompts of the dialogues, by their index
 */
export function summarize(tally: Tally, systems: readonly string[]): DecaySummary {
  const { grid, seeing, dialogues, rows, histograms } = tally;
  const measured = [...dialogues.keys()].filter((index) => dialogues[index]!.size > 0);
  const clusters = clustersOf(measured, systems);
  const turns = turnPlaces(tally, clusters);
  const tokens = tokenPlaces(tally, clusters);
  const spread = createHistogram();
  for (const pair of seeing.pairs) spread.merge(histograms[pair]!);
  const halfLives = (column: ShareColumn): HalfLives => ({
    turns: measureHalfLife(
      clusters,
      turns.filter(reached(dialogues.length)).flatMap(({ turn, shares }) => {
        const y = scoresOf(dialogues, turn, column);
        return shares[column] === null ? [] : [{ x: turn, y: meanOf(y) }];
      }),
    ),
    tokens: measureHalfLife(
      clusters,
      tokens.filter(reached(dialogues.length)).flatMap((place): Point[] => {
        if (place.shares[column] === null) return [];
        return [{ x: (place.from + place.to) / 2, y: meanOf(scoresBetween(tally, place, column)) }];
      }),
    ),
  });
  return {
    dialogues: dialogues.length,
    prompts: new Set(measured.map((index) => systems[index])).size,
    clusters: clusters.length,
    rows,
    layers: grid.layers,
    headsPerLayer: grid.heads,
    headsInMeans: seeing.pairs.length,
    turns,
    tokens,
    halfLives: {
      prompt: halfLives('prompt'),
      prefix: halfLives('prefix'),
      sink: halfLives('sink'),
      template: halfLives('template'),
      random: halfLives('random'),
    },
    slopeWithinTurns: measure(clusters, meanOf(dialogues.map(slopeScore))),
    dropBetweenTurns: measure(
      clusters,
      differenceOf(
        meanOf(dialogues.map((turns) => borderScore(turns, 'last'))),
        meanOf(dialogues.map((turns) => borderScore(turns, 'first'))),
      ),
    ),
    spread: spread.total.count === 0 ? null : spread.spread(),
    heads: summarizeHeads(
      tally,
      turns.filter(reached(dialogues.length)).map(({ turn }) => turn),
      clusters,
    ),
  };
}

/** Returns what the intervals of a summary are over. Where every dialogue has its own prompt, both are the same number. */
export function clusterWord({ dialogues, prompts, clusters }: DecaySummary): 'prompts' | 'dialogues' {
  return prompts === clusters && prompts < dialogues ? 'prompts' : 'dialogues';
}

/** Whether at least half of the dialogues reached a place. Fewer would reflect those dialogues rather than the place. */
const reached =
  (all: number) =>
  ({ dialogues }: Place): boolean =>
    2 * dialogues >= all;

function turnPlaces({ dialogues, grid, seeing }: Tally, clusters: Clusters): TurnPlace[] {
  const numbers = [...new Set(dialogues.flatMap((turns) => [...turns.keys()]))].sort((a, b) => a - b);
  return numbers.map((turn) => {
    const there = dialogues.flatMap((turns) => turns.get(turn) ?? []);
    const heads = headMeans(there.map((each) => each.heads));
    return {
      turn,
      tokens: there.reduce((sum, { start }) => sum + start, 0) / there.length,
      dialogues: there.length,
      shares: sharesAt(clusters, (column) => scoresOf(dialogues, turn, column)),
      heads: percentiles(heads, seeing),
      layers: Array.from({ length: grid.layers }, (_, layer) => {
        const share = mean([...heads.subarray(layer * grid.heads, (layer + 1) * grid.heads)]);
        return Number.isNaN(share) ? null : share;
      }),
    };
  });
}

function tokenPlaces(tally: Tally, clusters: Clusters): TokenPlace[] {
  const { bins, binHeads, seeing } = tally;
  const indices = [...binHeads.keys()].sort((a, b) => a - b);
  let width = BIN_TOKENS;
  while ((indices.at(-1)! + 1) * BIN_TOKENS > MOST_BINS * width) width *= 2;
  const starts = [...new Set(indices.map((bin) => Math.floor((bin * BIN_TOKENS) / width) * width))];
  return starts.map((from) => {
    const range = { from, to: from + width };
    return {
      ...range,
      dialogues: bins.filter((of) => [...of.keys()].some((bin) => isIn(bin, range))).length,
      shares: sharesAt(clusters, (column) => scoresBetween(tally, range, column)),
      heads: percentiles(
        headMeans([...binHeads].flatMap(([bin, heads]) => (isIn(bin, range) ? [heads] : []))),
        seeing,
      ),
    };
  });
}

function sharesAt(clusters: Clusters, scores: (column: ShareColumn) => readonly Score[]): Place['shares'] {
  const of = (column: ShareColumn): Measured | null => measure(clusters, meanOf(scores(column)));
  return {
    prompt: of('prompt'),
    prefix: of('prefix'),
    system: of('system'),
    sink: of('sink'),
    template: of('template'),
    user: of('user'),
    assistant: of('assistant'),
    answer: of('answer'),
    random: of('random'),
    prompt_after: of('prompt_after'),
  };
}

/** Returns each dialogue's contribution to the mean of a column in a turn. */
function scoresOf(dialogues: Tally['dialogues'], turn: number, column: ShareColumn): Score[] {
  return dialogues.map((turns) => scoreIn(turns.get(turn), column));
}

/** Returns each dialogue's contribution to the mean of a column in a range of positions. */
function scoresBetween(
  { bins }: Tally,
  range: Pick<TokenPlace, 'from' | 'to'>,
  column: ShareColumn,
): Score[] {
  return bins.map((of) =>
    [...of]
      .filter(([bin]) => isIn(bin, range))
      .map(([, sums]) => scoreIn(sums, column))
      .reduce((a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }), NO_SCORE),
  );
}

function scoreIn(sums: Sums | undefined, column: ShareColumn): Score {
  if (sums === undefined) return NO_SCORE;
  const at = SHARE_COLUMNS.indexOf(column);
  return { sum: sums.sums[at]!, count: sums.counts[at]! };
}

const isIn = (bin: number, { from, to }: Pick<TokenPlace, 'from' | 'to'>): boolean =>
  bin * BIN_TOKENS >= from && bin * BIN_TOKENS < to;

/**
 * Returns Σ (x − x̄)(y − ȳ) as the sum and Σ (x − x̄)² as the count, with means taken within each turn: their ratio over
 * all turns is the common slope.
 */
function slopeScore(turns: ReadonlyMap<number, TurnTally>): Score {
  return [...turns.values()].reduce((score, { counts, line: { x, xx, y, xy } }) => {
    const rows = counts[PROMPT]!;
    if (rows === 0) return score;
    return { sum: score.sum + xy - (x * y) / rows, count: score.count + xx - (x * x) / rows };
  }, NO_SCORE);
}

/** Returns the prompt's share on one side of every border between two consecutive turns. */
function borderScore(turns: ReadonlyMap<number, TurnTally>, side: 'first' | 'last'): Score {
  const shares = [...turns].flatMap(([number, turn]) => {
    const next = turns.get(number + 1);
    if (next === undefined || turn.last.length === 0 || next.first.length === 0) return [];
    return [mean(side === 'last' ? turn.last : next.first)];
  });
  return { sum: shares.reduce((sum, share) => sum + share, 0), count: shares.length };
}

/** Returns each head's mean over the rows that see the prompt; NaN if there are none. */
function headMeans(all: readonly HeadSums[]): Float64Array {
  const { rows, sums } = all[0]!;
  const heads = sums.length / rows.length;
  return sums.map((_, pair) => {
    const layer = Math.floor(pair / heads);
    const total = all.reduce((sum, each) => sum + each.sums[pair]!, 0);
    return total / all.reduce((sum, each) => sum + each.rows[layer]!, 0);
  });
}

function percentiles(heads: Float64Array, { pairs }: MeanHeads): Place['heads'] {
  const sorted = Float64Array.from(pairs, (pair) => heads[pair]!).sort();
  // These heads have one window, so either all see the prompt or none does.
  if (Number.isNaN(sorted[0]!)) return null;
  return {
    tenth: quantile(sorted, 0.1),
    median: quantile(sorted, 0.5),
    ninetieth: quantile(sorted, 0.9),
  };
}
