import type { RowObservation } from '../dialogue/index.js';
import type { Span, TokenRange } from '../text/index.js';
import type { Regions } from './regions.js';

/**
 * Shares recorded for every row, layer and head. `sink`, `system`, `template`, `user`, `assistant` and `answer` cover
 * every token once, so they sum to one. `prefix` and `random` are ranges that overlap them.
 */
export const SHARE_COLUMNS = [
  'prefix',
  'system',
  'sink',
  'template',
  'user',
  'assistant',
  'answer',
  'random',
  'prefix_after',
] as const;
/** The name of a recorded share. */
export type ShareColumn = (typeof SHARE_COLUMNS)[number];

export const PREFIX = SHARE_COLUMNS.indexOf('prefix');
export const RANDOM = SHARE_COLUMNS.indexOf('random');
export const PREFIX_AFTER = SHARE_COLUMNS.indexOf('prefix_after');

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
}

/**
 * Returns the shares of a row by column.
 * @param row a row whose spans are cut at the borders of the regions
 * @param turn the turn being answered: its assistant span is the growing answer
 * @returns `[columns, layers × heads]`
 */
export function sharesByColumn(
  { position, spans, shares }: RowObservation,
  regions: Regions,
  turn: number,
): Float32Array {
  const { before, after } = shares.spans!;
  const pairs = before.length / spans.length;
  const rows = new Float32Array(SHARE_COLUMNS.length * pairs);
  const within = ({ start, end }: TokenRange, of: TokenRange): boolean => start >= of.start && end <= of.end;
  const add = (column: number, from: Float32Array, place: number): void => {
    for (let pair = 0; pair < pairs; pair++) {
      rows[column * pairs + pair]! += from[pair * spans.length + place]!;
    }
  };
  for (const [place, span] of spans.entries()) {
    add(SHARE_COLUMNS.indexOf(columnOf(span, turn)), before, place);
    if (within(span, regions.prefix)) {
      add(PREFIX, before, place);
      add(PREFIX_AFTER, after, place);
    }
    if (within(span, regions.random)) add(RANDOM, before, place);
  }
  if (position < regions.random.end) rows.fill(Number.NaN, RANDOM * pairs, (RANDOM + 1) * pairs);
  return rows;
}

function columnOf(span: Span, turn: number): ShareColumn {
  if (span.role !== 'assistant') return span.role;
  return span.turn === turn ? 'answer' : 'assistant';
}
