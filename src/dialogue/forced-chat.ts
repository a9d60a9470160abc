import { headMask, type Receipt, ReceiptBook, type Schedule } from '../attention/index.js';
import { guidedLogits, headGrid, type Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import { currentMoment, parseMoment, type TokenRange } from '../text/index.js';
import { Caches } from './caches.js';
import { layoutAnswer } from './given-answer.js';
import { layoutWithoutSystem, type PromptMessage, sharedLength } from './prompt.js';
import { assertTarget, changeSettings, defaultSettings } from './settings.js';
import type { SteeringOptions } from './settings-options.js';
import { type AnswerShares, createShareMeter, type HeadShares } from './shares.js';
import { type PastTurn, steer } from './steering.js';

/** Options of a chat whose answers are given. It samples nothing, so it takes no sampling options. */
export type ForcedChatOptions = SteeringOptions & {
  /** The system prompt; null for none. */
  readonly system: string | null;
  /** Whether a strength that follows tokens is computed as in a chat with this option; see {@link ChatOptions}. */
  readonly prefixFirst?: boolean;
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

/** A chat with teacher forcing: its answers are given, and read as if the model had generated them. */
export interface ForcedChat {
  /** Number of tokens in the cache. */
  readonly length: number;
  /** Changes settings from the next turn on, as {@link Chat.configure} does. */
  configure(changes: SteeringOptions): void;
  /**
   * Reads a turn with the current settings, computing what a chat would have computed for this answer.
   * @throws HoldfastError what layout and forward passes throw; `E_UNTOUCHED` if the policy was not applied
   */
  read(user: string, answer: string): Promise<ForcedTurn>;
  dispose(): void;
}

/**
 * Opens a dialogue whose answers are given. Every turn is laid out and steered as in a chat ({@link layoutAnswer}): earlier
 * turns stay in the cache as they were computed. A turn is read in one pass, or token by token if the strength can change
 * at every token.
 * @throws HoldfastError as {@link openChat}
 */
export function openForcedChat(
  model: Model,
  { system, prefixFirst = false, now = currentMoment(), ranges = [], ...options }: ForcedChatOptions,
): ForcedChat {
  const { format, executor } = model;
  if (format === null) throw new HoldfastError('E_TEMPLATE', `${model.name} has no chat template`);
  const grid = headGrid(executor.blueprint);
  const { vocabSize } = executor.blueprint;
  const layoutOptions = { trustContent: false, now: parseMoment(now) };
  let messages: readonly PromptMessage[] = system === null ? [] : [{ role: 'system', content: system }];
  const past: PastTurn[] = [];
  const caches = new Caches(executor, undefined, null);
  const session = caches.dialogue;
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
    const asked: readonly PromptMessage[] = [...messages, { role: 'user', content: user }];
    const { prompt, ids, chosen } = layoutAnswer(format!, asked, answer, layoutOptions);
    caches.reuse(prompt, settings.target);
    const answerStart = prompt.ids.length;
    const tokens = [...prompt.ids, ...chosen];
    // As in a chat, the last token is chosen in this turn and forwarded in the next.
    const last = tokens.length - 1;
    const steering = steer({
      ...{ settings, grid, prompt, turn: past.length + 1, system, turns: past },
      rows: { first: session.length, choosing: answerStart - 1, end: last },
    });
    const { silence } = settings;
    const silenced = silence.length === 0 ? undefined : headMask({ pairs: silence }, grid);
    const pairs = grid.layers * grid.heads;
    const logits = new Float32Array(chosen.length * vocabSize);
    const shares = new Float32Array(pairs * chosen.length * ranges.length);
    const meter = createShareMeter(grid);
    const book = new ReceiptBook(grid);
    let latest: Float32Array | null = null;

    const passes: Passes = {
      held: session.length,
      firstPass: prefixFirst ? sharedLength(prompt) : 0,
      answerStart,
      end: last,
    };
    for (const end of passEnds(passes, followsTokens(settings.schedule))) {
      const start = session.length;
      const choosing = end >= answerStart;
      const intervention = steering.interventionAt({
        start,
        end,
        sampled: Math.max(0, start - answerStart + 1),
        ...(latest ? { shares: latest } : {}),
      });
      const result = await session.advance(tokens.slice(start, end), {
        logits: choosing ? 'all' : 'none',
        intervention,
        silenced,
        spans: ranges.length > 0 ? ranges : undefined,
      });
      const rows = end - start;
      if (intervention !== undefined) {
        const { before, after } = result.targetShares!;
        book.add({ strengths: intervention, target: intervention.target, start, before, after });
        latest = rowOf(before, rows, rows - 1);
      }
      if (!choosing) continue;
      // A token is chosen by the row before it.
      for (let row = Math.max(0, answerStart - 1 - start); row < rows; row++) {
        const index = start + row + 1 - answerStart;
        logits.set(result.logits.subarray(row * vocabSize, (row + 1) * vocabSize), index * vocabSize);
        if (intervention !== undefined) {
          meter.add(headsOf(result.targetShares!, rows, row), start + row, intervention.target);
        }
        copyShares(result.spanShares?.before, rows, row, shares, chosen.length, index, ranges.length);
      }
    }
    if (settings.guidance > 1) await guide(asked, chosen, logits, silenced);
    const target = meter.mean();
    const receipt = target && book.receipt();
    past.push({ system, settings, receipt, shares: target });
    messages = [...asked, { role: 'assistant', content: answer, ids }];
    return { chosen, logits, shares, target, receipt };
  }

  /** Applies guidance: moves the logits of an answer away from those without the system prompt. */
  async function guide(
    asked: readonly PromptMessage[],
    chosen: readonly number[],
    logits: Float32Array,
    silenced: Uint8Array | undefined,
  ): Promise<void> {
    const prompt = layoutWithoutSystem(format!, asked, layoutOptions);
    const reused = caches.without.reuse(prompt);
    const tokens = [...prompt, ...chosen.slice(0, -1)].slice(reused);
    const result = await caches.without.advance(tokens, { logits: 'all', silenced });
    const without = result.logits.subarray((prompt.length - 1 - reused) * vocabSize);
    logits.set(guidedLogits(logits, without, settings.guidance));
  }

  return {
    get length() {
      return session.length;
    },
    configure,
    read,
    dispose: () => caches.dispose(),
  };
}

/** Returns whether the strength can change from token to token. */
const followsTokens = (schedule: Schedule | null): boolean =>
  schedule?.kind === 'per-token' || schedule?.kind === 'target';

/** Token positions of a turn. */
interface Passes {
  /** Tokens in the cache. */
  readonly held: number;
  /** Prompt tokens that are computed in a separate first pass. */
  readonly firstPass: number;
  readonly answerStart: number;
  /** One past the last token to forward. */
  readonly end: number;
}

/**
 * Returns where the passes of a turn end: one pass for all of it; or, by token, the passes of a chat: the prompt's blocks,
 * its last token, and each token of the answer.
 */
function passEnds({ held, firstPass, answerStart, end }: Passes, byToken: boolean): number[] {
  const blocks = [Math.min(firstPass, answerStart - 1), answerStart - 1];
  const single = Array.from({ length: end - answerStart + 1 }, (_, index) => answerStart + index);
  const ends = byToken ? [...new Set([...blocks, ...single])] : [end];
  return ends.filter((at) => at > held);
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
