import { type Receipt, ReceiptBook } from '../attention/index.js';
import { guidedLogits, headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { currentMoment, type Message, parseMoment, type TokenRange } from '../text/index.js';
import { Caches, silencedBy } from './caches.js';
import { followsTokens, type Passes, passEnds } from './forced-passes.js';
import { layoutAnswer } from './given-answer.js';
import { readHistory } from './history.js';
import { layoutWithoutSystem, type PromptMessage, pastLength, sharedLength } from './prompt.js';
import { remindedMessage } from './reminder.js';
import { assertTarget, changeSettings, cleansCache, defaultSettings } from './settings.js';
import type { SteeringOptions } from './settings-options.js';
import { type AnswerShares, createShareMeter, type HeadShares } from './shares.js';
import { type PastTurn, steer } from './steering.js';

/** Options of a chat whose answers are given. It samples nothing, so it takes no sampling options. */
export type ForcedChatOptions = SteeringOptions & {
  /** The system prompt; null for none. */
  readonly system: string | null;
  /** Whether a strength that follows tokens is computed as in a chat with this option; see {@link ChatOptions}. */
  readonly prefixFirst?: boolean;
  /** Earlier messages, which count as turns and are not read; as in `ChatOptions`. */
  readonly history?: readonly Message[];
  /** Context length in tokens; see `SessionOptions`. */
  readonly contextLength?: number | undefined;
  /** The date and time that the template writes; as in `ChatOptions`. */
  readonly now?: string;
  /** Disjoint ascending token ranges whose shares to measure. */
  readonly ranges?: readonly TokenRange[];
};

/** Logits and shares of the rows that would have chosen a given answer. */
export interface ForcedTurn {
  /** The answer's tokens, including the one that ends its turn. */
  readonly chosen: readonly number[];
  /** Logits of the rows that chose them, `[chosen, vocab]`. */
  readonly logits: Float32Array;
  /** Shares of the ranges before the policy, `[layers × heads, chosen, ranges]`; empty if no ranges were given. */
  readonly shares: Float32Array;
  /** The target's share over these rows; null without a target. */
  readonly target: AnswerShares | null;
  /** What the policy did in the prompt's new rows and the answer's rows; null without a target. */
  readonly receipt: Receipt | null;
}

/** Some of the rows that would have chosen a given answer, in order. */
export interface ForcedRows {
  /** The tokens that these rows choose. */
  readonly chosen: readonly number[];
  /** The rows' logits, `[chosen, vocab]`. */
  readonly logits: Float32Array;
}

/** A turn after its rows have been read. */
export type EndedTurn = Omit<ForcedTurn, 'logits'>;

/** A chat with teacher forcing: its answers are given, and read as if the model had generated them. */
export interface ForcedChat {
  /** Number of tokens in the cache. */
  readonly length: number;
  /** The work so far, with the second passes of guidance. */
  readonly forwarded: { readonly tokens: number; readonly passes: number };
  /** Changes settings from the next turn on, as {@link Chat.configure} does. */
  configure(changes: SteeringOptions): void;
  /**
   * Reads a turn with the current settings, computing what a chat would have computed for this answer.
   * @throws HoldfastError what layout and forward passes throw; `E_UNTOUCHED` if the policy was not applied
   */
  read(user: string, answer: string): Promise<ForcedTurn>;
  /**
   * Reads a turn as {@link read} does, in blocks, so that a long answer's logits are never all in memory. If the caller
   * stops early, the turn is not part of the dialogue.
   * @param most rows of a block; 0 to compute no logits and yield nothing
   * @param keep whether the turn becomes part of the dialogue (default), or is a branch that leaves no trace
   * @throws HoldfastError as {@link read}
   */
  readInBlocks(
    user: string,
    answer: string,
    most: number,
    keep?: boolean,
  ): AsyncGenerator<ForcedRows, EndedTurn>;
  dispose(): void;
}

/**
 * Opens a dialogue whose answers are given. Every turn is laid out and steered as in a chat ({@link layoutAnswer}), with the
 * cache that a chat would have. A turn is read in one pass, or token by token if the strength can change at every token.
 * @throws HoldfastError as {@link openChat}
 */
export function openForcedChat(
  model: Model,
  {
    system,
    prefixFirst = false,
    history = [],
    contextLength,
    now = currentMoment(),
    ranges = [],
    ...options
  }: ForcedChatOptions,
): ForcedChat {
  const { format, executor } = model;
  if (format === null) throw new HoldfastError('E_TEMPLATE', `${model.name} has no chat template`);
  const grid = headGrid(executor.blueprint);
  const { vocabSize } = executor.blueprint;
  const layoutOptions = { trustContent: false, now: parseMoment(now) };
  const earlier = readHistory(history).length;
  let messages: readonly PromptMessage[] = [
    ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
    ...history,
  ];
  const past: PastTurn[] = [];
  const caches = Caches.open(executor, contextLength);
  const session = caches.dialogue;
  const forwarded = { tokens: 0, passes: 0 };
  const count = (tokens: number): void => {
    forwarded.tokens += tokens;
    forwarded.passes++;
  };
  let settings = defaultSettings(session.contextLength);
  const configure: ForcedChat['configure'] = (changes) => {
    const changed = changeSettings(settings, changes, model);
    assertTarget(changed, system);
    settings = changed;
  };
  try {
    configure(options);
  } catch (error) {
    caches.dispose();
    throw error;
  }

  async function read(user: string, answer: string): Promise<ForcedTurn> {
    const turn = readInBlocks(user, answer, Number.POSITIVE_INFINITY);
    const blocks: Float32Array[] = [];
    let next = await turn.next();
    for (; !next.done; next = await turn.next()) blocks.push(next.value.logits);
    return { ...next.value, logits: blocks[0] ?? new Float32Array(0) }; // one block has all rows
  }

  async function* readInBlocks(
    user: string,
    answer: string,
    most: number,
    keep = true,
  ): AsyncGenerator<ForcedRows, EndedTurn> {
    const asking = { role: 'user', content: remindedMessage(settings, system, user) } as const;
    const asked: readonly PromptMessage[] = [...messages, asking];
    const { prompt, ids, chosen } = layoutAnswer(format!, asked, answer, layoutOptions);
    const isClean = cleansCache(settings);
    const cleanLength = isClean ? pastLength(prompt) : 0;
    const silenced = silencedBy(settings, grid);
    caches.reuse(prompt, settings.target, isClean ? silenced : null);
    const answerStart = prompt.ids.length;
    const tokens = [...prompt.ids, ...chosen];
    // As in a chat, the last token is chosen in this turn and forwarded in the next.
    const last = tokens.length - 1;
    const steering = steer({
      ...{ settings, grid, prompt, turn: earlier + past.length + 1, system, turns: past },
      rows: { first: Math.max(session.length, cleanLength), choosing: answerStart - 1, end: last },
    });
    const pairs = grid.layers * grid.heads;
    const shares = new Float32Array(pairs * chosen.length * ranges.length);
    const meter = createShareMeter(grid);
    const book = new ReceiptBook(grid);
    const guide = settings.guidance > 1 ? openGuide(asked, chosen, silenced.heads) : null;
    let latest: Float32Array | null = null;
    let block = blockFrom(0, chosen, most);

    const passes: Passes = {
      held: session.length,
      firstPass: prefixFirst ? sharedLength(prompt) : 0,
      cleanLength,
      answerStart,
      end: last,
      most,
    };
    for (const end of passEnds(passes, followsTokens(settings.schedule))) {
      const start = session.length;
      const choosing = end >= answerStart;
      const intervention =
        end <= cleanLength
          ? undefined
          : steering.interventionAt({
              start,
              end,
              sampled: Math.max(0, start - answerStart + 1),
              ...(latest ? { shares: latest } : {}),
            });
      const result = await session.advance(tokens.slice(start, end), {
        logits: choosing && most > 0 ? 'all' : 'none',
        intervention,
        silenced: silenced.heads,
        spans: ranges.length > 0 ? ranges : undefined,
      });
      const rows = end - start;
      count(rows);
      if (intervention !== undefined) {
        const { before, after } = result.targetShares!;
        book.add({ strengths: intervention, target: intervention.target, start, before, after });
        latest = rowOf(before, rows, rows - 1);
      }
      if (!choosing) continue;
      // A token is chosen by the row before it.
      for (let row = Math.max(0, answerStart - 1 - start); row < rows; row++) {
        const index = start + row + 1 - answerStart;
        if (intervention !== undefined) {
          meter.add(headsOf(result.targetShares!, rows, row), start + row, intervention.target);
        }
        copyShares(result.spanShares?.before, rows, row, shares, chosen.length, index, ranges.length);
        if (most === 0) continue;
        block.logits.set(
          result.logits.subarray(row * vocabSize, (row + 1) * vocabSize),
          (index - block.first) * vocabSize,
        );
        if (index + 1 < block.first + block.chosen.length) continue;
        await guide?.(block);
        yield block;
        block = blockFrom(index + 1, chosen, most);
      }
    }
    const target = meter.mean();
    const receipt = target && book.receipt();
    if (keep) {
      past.push({ system, settings, receipt, shares: target });
      messages = [...messages, { role: 'user', content: user }, { role: 'assistant', content: answer, ids }];
    }
    return { chosen, shares, target, receipt };
  }

  /** Returns an empty block of an answer's rows. */
  function blockFrom(first: number, chosen: readonly number[], most: number): Block {
    const own = chosen.slice(first, first + most);
    return { first, chosen: own, logits: new Float32Array(own.length * vocabSize) };
  }

  /** Returns a function that applies guidance: it moves the logits of a block away from those without the system prompt. */
  function openGuide(
    asked: readonly PromptMessage[],
    chosen: readonly number[],
    silenced: Uint8Array | undefined,
  ): (block: Block) => Promise<void> {
    const prompt = layoutWithoutSystem(format!, asked, layoutOptions);
    const tokens = [...prompt, ...chosen];
    const { without } = caches;
    return async ({ first, chosen: own, logits }) => {
      const start = first === 0 ? without.reuse(prompt) : without.length;
      const end = prompt.length + first + own.length - 1;
      const result = await without.advance(tokens.slice(start, end), { logits: 'all', silenced });
      count(end - start);
      const rows = result.logits.subarray((end - start - own.length) * vocabSize);
      logits.set(guidedLogits(logits, rows, settings.guidance));
    };
  }

  return {
    get length() {
      return session.length;
    },
    forwarded,
    configure,
    read,
    readInBlocks,
    dispose: () => caches.dispose(),
  };
}

/** Rows of an answer, from its token `first` on. */
interface Block extends ForcedRows {
  readonly first: number;
}

const headsOf = ({ before, after }: HeadShares, rows: number, row: number): HeadShares => ({
  before: rowOf(before, rows, row),
  after: rowOf(after, rows, row),
});

/** Returns one row of `[layers × heads, rows]`. */
function rowOf(shares: Float32Array, rows: number, row: number): Float32Array {
  return Float32Array.from({ length: shares.length / rows }, (_, pair) => shares[pair * rows + row]!);
}

/** Copies one row of `[layers × heads, rows, ranges]` into another array of this shape. */
function copyShares(
  from: Float32Array | undefined,
  rows: number,
  row: number,
  to: Float32Array,
  toRows: number,
  toRow: number,
  ranges: number,
): void {
  if (from === undefined) return;
  for (let pair = 0; pair < from.length / (rows * ranges); pair++) {
    const at = (pair * rows + row) * ranges;
    to.set(from.subarray(at, at + ranges), (pair * toRows + toRow) * ranges);
  }
}
