import { headsInMeans, type SightedGrid, seesTarget, type Target } from '../attention/index.js';
import { type RowObservation, sharesAt } from '../dialogue/index.js';
import { HoldfastError } from '../errors.js';
import { grouped } from '../grouped.js';
import type { Span } from '../text/index.js';

/**
 * Shares recorded for every row, layer and head. `sink`, `system` (the prompt's own words), `template`, `user`,
 * `assistant` and `answer` cover every token once, so they sum to one. The others are targets that overlap them:
 * `prompt` is `message`, `prefix` is `prefix`, `random` is `random:0`. `prompt_after` is the prompt's share after the
 * policy.
 */
export const SHARE_COLUMNS = [
  'prompt',
  'system',
  'sink',
  'template',
  'user',
  'assistant',
  'answer',
  'prefix',
  'random',
  'prompt_after',
] as const;
/** The name of a recorded share. */
export type ShareColumn = (typeof SHARE_COLUMNS)[number];

/** The columns that cover every token once. */
const SPEAKERS: ReadonlySet<ShareColumn> = new Set([
  'system',
  'sink',
  'template',
  'user',
  'assistant',
  'answer',
]);

export const PROMPT = SHARE_COLUMNS.indexOf('prompt');
export const RANDOM = SHARE_COLUMNS.indexOf('random');

/** The targets to watch for the columns that are targets, in this order. */
export const COLUMN_TARGETS: readonly Target[] = [
  { kind: 'message' },
  { kind: 'prefix' },
  { kind: 'random', seed: 0 },
];

/** The shares of a row by column, and what it sees. */
export type ColumnShares = Pick<ShareRow, 'shares' | 'seen' | 'layersSeeing'>;

/** The shares of the row that chose one token. */
export interface ShareRow {
  /** Index of the dialogue in the measurement, from 0. */
  readonly dialogue: number;
  /** From 1, counting given exchanges. */
  readonly turn: number;
  /** Position of the chosen token in the dialogue. */
  readonly position: number;
  /** Id of the chosen token. */
  readonly id: number;
  /** `[columns, layers × heads]`, in the order of {@link SHARE_COLUMNS}; NaN for a range that does not exist yet. */
  readonly shares: Float32Array;
  /** `[columns]`: 1 where the heads in means see a token of the range, or where a speaker has no token yet. */
  readonly seen: Uint8Array;
  /** `[layers]`: 1 where the layer sees a token of the prompt. */
  readonly layersSeeing: Uint8Array;
}

/**
 * Returns the shares of a row by column, and which columns the heads in means see.
 * @param row a row observed with {@link COLUMN_TARGETS}
 * @param turn the turn being answered: its assistant span is the growing answer
 * @throws HoldfastError `E_TARGET` when the dialogue has no tokens of a system message
 */
export function sharesByColumn(
  { position, spans, watched, shares: { spans: all } }: RowObservation,
  turn: number,
  grid: SightedGrid,
): ColumnShares {
  const shares = all!; // requested with every answer
  const pairs = shares.before.length / spans.length;
  const rows = new Float32Array(SHARE_COLUMNS.length * pairs);
  const { window } = headsInMeans(grid);
  // A speaker without tokens has a share of 0: the shares of all speakers sum to one.
  const seen = Uint8Array.from(SHARE_COLUMNS, (column) => (SPEAKERS.has(column) ? 1 : 0));
  const set = (column: ShareColumn, of: 'before' | 'after', at: readonly number[]): void => {
    const index = SHARE_COLUMNS.indexOf(column);
    rows.set(sharesAt(shares, at)[of], index * pairs);
    const ranges = at.map((place) => spans[place]!);
    seen[index] = seesTarget(window, position - 1, ranges) ? 1 : 0;
  };
  const places = grouped([...spans.keys()], (place) => columnOf(spans[place]!, turn));
  for (const [column, at] of places) set(column, 'before', at);
  const [prompt, prefix, random] = watched;
  if (!prompt || !prefix) {
    throw new HoldfastError('E_TARGET', 'the dialogue has no system message whose share could be measured');
  }
  set('prompt', 'before', prompt);
  set('prompt_after', 'after', prompt);
  set('prefix', 'before', prefix);
  if (random) set('random', 'before', random);
  else rows.fill(Number.NaN, RANDOM * pairs, (RANDOM + 1) * pairs);
  const ranges = prompt.map((place) => spans[place]!);
  const layersSeeing = Uint8Array.from(grid.windows, (each) =>
    seesTarget(each, position - 1, ranges) ? 1 : 0,
  );
  return { shares: rows, seen, layersSeeing };
}

function columnOf(span: Span, turn: number): ShareColumn {
  if (span.role !== 'assistant') return span.role;
  return span.turn === turn ? 'answer' : 'assistant';
}
