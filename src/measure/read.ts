import {
  type GivenAnswer,
  layoutAnswer,
  type PromptMessage,
  type RowObservation,
  watchTargets,
} from '../dialogue/index.js';
import { headGrid, type Model, Session } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { ChatFormat, Moment } from '../text/index.js';
import type { LeadEvent } from './lead.js';
import type { Recorded } from './recorded.js';
import { COLUMN_TARGETS, sharesByColumn } from './share-columns.js';

/** Rows of an answer per forward pass. */
const BLOCK_ROWS = 64;

/** Options of {@link readAloud}. */
export interface ReadOptions {
  /** The largest number of turns to read. */
  readonly rounds: number;
  readonly contextLength?: number | undefined;
  readonly now: Moment;
}

/**
 * Reads a recorded dialogue to a model, turn by turn. Each turn is laid out as in a chat that generates the recorded answer
 * ({@link layoutAnswer}). Yields the same rows as a generated dialogue, for the recorded tokens, including the one that
 * ends an answer. If the signal fires, it ends early without an error.
 * @throws HoldfastError `E_CONTEXT_FULL`, and those of layouts and forward passes
 */
export async function* readAloud(
  model: Model,
  format: ChatFormat,
  { system, exchanges }: Recorded,
  { rounds, contextLength, now }: ReadOptions,
  signal?: AbortSignal,
): AsyncGenerator<LeadEvent, void> {
  const grid = headGrid(model.executor.blueprint);
  const session = new Session(model.executor, contextLength === undefined ? {} : { contextLength });
  try {
    const messages: PromptMessage[] = [{ role: 'system', content: system }];
    for (const [index, { user, assistant, sampled }] of exchanges.slice(0, rounds).entries()) {
      if (assistant === null) return;
      messages.push({ role: 'user', content: user });
      const turn = index + 1;
      const given = layoutAnswer(format, messages, assistant, { trustContent: false, now }, sampled);
      messages.push({ role: 'assistant', content: assistant, ids: given.ids });
      const contextTokens = given.prompt.ids.length;
      for await (const row of rowsOf(session, given, turn, signal)) {
        const measured = sharesByColumn(row, turn, grid);
        const { position } = row;
        const id = given.chosen[position - contextTokens]!;
        yield { kind: 'row', row: { dialogue: 0, turn, position, id, ...measured } };
      }
      yield {
        kind: 'turn',
        turn: {
          turn,
          user,
          assistant,
          finish: 'recorded',
          contextTokens,
          answerTokens: given.chosen.length,
          seed: null,
          strength: null,
          notice: null,
          dropped: [],
        },
      };
    }
  } catch (error) {
    if (!(signal?.aborted && error instanceof HoldfastError && error.code === 'E_ABORTED')) throw error;
  } finally {
    session.dispose();
  }
}

/** Yields the row that predicts each of the answer's tokens. */
async function* rowsOf(
  session: Session,
  { prompt, chosen }: GivenAnswer,
  turn: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowObservation> {
  const ids = [...prompt.ids, ...chosen];
  const start = prompt.ids.length;
  const before = ids.slice(session.reuse(prompt.ids), start - 1);
  if (before.length > 0) await session.advance(before, { logits: 'none', signal });
  for (let first = start; first < ids.length; first += BLOCK_ROWS) {
    const positions = ids.slice(first, first + BLOCK_ROWS).map((_, index) => first + index);
    // The row that predicts a position is that of the token before it, so the block ends one token earlier.
    const reach = positions.at(-1)!;
    const answer = { role: 'assistant', turn, start, end: reach } as const;
    const reached = reach === start ? prompt.spans : [...prompt.spans, answer];
    const { spans, places } = watchTargets(COLUMN_TARGETS, { spans: reached, messages: prompt.messages });
    const { spanShares } = await session.advance(ids.slice(first - 1, reach), {
      logits: 'none',
      spans,
      signal,
    });
    for (const [row, position] of positions.entries()) {
      const rowOf = (shares: Float32Array): Float32Array =>
        takeRow(shares, row, positions.length, spans.length);
      yield {
        position,
        spans,
        // The block may contain a target that ends after this row: for this row, it does not exist yet.
        watched: places.map((at) => (at?.every((place) => spans[place]!.end <= position) ? at : null)),
        shares: {
          target: null,
          spans: { ranges: spans, before: rowOf(spanShares!.before), after: rowOf(spanShares!.after) },
        },
      };
    }
  }
}

/** Returns one row of `[layers × heads, rows, spans]` as `[layers × heads, spans]`. */
function takeRow(shares: Float32Array, row: number, rows: number, spans: number): Float32Array {
  const pairs = shares.length / (rows * spans);
  const taken = new Float32Array(pairs * spans);
  for (let pair = 0; pair < pairs; pair++) {
    const from = (pair * rows + row) * spans;
    taken.set(shares.subarray(from, from + spans), pair * spans);
  }
  return taken;
}
