import { type RowObservation, watchTargets } from '../dialogue/index.js';
import { type Model, Session } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import {
  type ChatFormat,
  type DialogueLayout,
  layoutDialogue,
  type Message,
  type Moment,
  requireSystem,
} from '../text/index.js';
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
 * Reads a recorded dialogue to a model, turn by turn. Yields the same rows as a generated dialogue, for the recorded
 * tokens, including the one that ends an answer. If the signal fires, it ends early without an error.
 * @throws HoldfastError `E_CONTEXT_FULL`, and those of layouts and forward passes
 */
export async function* readAloud(
  model: Model,
  format: ChatFormat,
  { system, exchanges }: Recorded,
  { rounds, contextLength, now }: ReadOptions,
  signal?: AbortSignal,
): AsyncGenerator<LeadEvent, void> {
  const session = new Session(model.executor, contextLength === undefined ? {} : { contextLength });
  try {
    const messages: Message[] = [{ role: 'system', content: system }];
    for (const [index, { user, assistant }] of exchanges.slice(0, rounds).entries()) {
      if (assistant === null) return;
      messages.push({ role: 'user', content: user }, { role: 'assistant', content: assistant });
      const turn = index + 1;
      const layout = layoutDialogue(format, messages, { addGenerationPrompt: false, now });
      requireSystem(layout);
      const { content, end } = layout.messages.at(-1)!;
      const said = { layout, start: content.start, end: Math.min(content.end + 1, end) };
      for await (const row of rowsOf(session, said, signal)) {
        const shares = sharesByColumn(row, turn);
        const { position } = row;
        yield { kind: 'row', row: { dialogue: 0, turn, position, id: layout.ids[position]!, shares } };
      }
      yield {
        kind: 'turn',
        turn: {
          turn,
          user,
          assistant,
          finish: 'recorded',
          contextTokens: said.start,
          answerTokens: said.end - said.start,
          seed: null,
          strength: null,
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

/** A dialogue up to the end of an answer, and the answer's token range. */
interface Said {
  readonly layout: DialogueLayout;
  readonly start: number;
  readonly end: number;
}

/** Yields the row that predicts each of the answer's tokens. */
async function* rowsOf(
  session: Session,
  { layout, start, end }: Said,
  signal: AbortSignal | undefined,
): AsyncGenerator<RowObservation> {
  const { ids, messages } = layout;
  const before = ids.slice(session.reuse(ids.slice(0, start)), start - 1);
  if (before.length > 0) await session.advance(before, { logits: 'none', signal });
  for (let first = start; first < end; first += BLOCK_ROWS) {
    const positions = ids.slice(first, Math.min(first + BLOCK_ROWS, end)).map((_, index) => first + index);
    // The row that predicts a position is that of the token before it, so the block ends one token earlier.
    const reach = positions.at(-1)!;
    const reached = layout.spans
      .filter((span) => span.start < reach)
      .map((span) => ({ ...span, end: Math.min(span.end, reach) }));
    const { spans, places } = watchTargets(COLUMN_TARGETS, { spans: reached, messages });
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
