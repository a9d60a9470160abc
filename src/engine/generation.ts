import { type Receipt, ReceiptBook, type TokenRange } from '../attention/index.js';
import { HoldfastError } from '../errors.js';
import type { ForwardResult, Intervention } from '../executors/index.js';
import type { Tokenizer } from '../text/index.js';
import { createAnswerWriter } from './answer-writer.js';
import { headGrid } from './model.js';
import { checkSampling, createSampler, type SampledToken, type SamplingOptions } from './sampling.js';
import type { Session } from './session.js';

/** The forward pass that is about to be made. */
export interface ForwardPoint {
  /** Tokens `[start, end)` are about to be appended; `end` is how long the sequence will be. */
  readonly start: number;
  readonly end: number;
  /** Tokens of the answer sampled so far. */
  readonly sampled: number;
  /** The target's share before the policy in the row before this pass, `[layers × heads]`; absent for the first. */
  readonly shares?: Float32Array;
}

export interface GenerationOptions {
  /** Turns ids into text; without one, as for a model that has none, text is empty. */
  readonly tokenizer?: Tokenizer | null;
  readonly sampling?: SamplingOptions;
  /** Tokens to sample at most, from 1. */
  readonly maxTokens: number;
  /** Texts at which the answer ends, themselves not a part of it. */
  readonly stop?: readonly string[];
  /** Tokens at which the answer ends; the tokenizer's `endOfTurnIds` if not said. */
  readonly stopIds?: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** Asked before each forward pass, so that strengths can change from token to token. */
  readonly intervention?: (point: ForwardPoint) => Intervention | undefined;
  /** Heads that are knocked out in every pass, `[layers × heads]`; see `ForwardRequest`. */
  readonly silenced?: Uint8Array | undefined;
  /** Ranges whose shares are wanted in every row that chooses a token, asked before its pass. */
  readonly spans?: (point: ForwardPoint) => readonly TokenRange[];
}

/** Attention of one query row. Shares before the policy and after it, as used. */
export interface RowShares {
  /** `[layers × heads]`; null without an intervention. */
  readonly target: { readonly before: Float32Array; readonly after: Float32Array } | null;
  /** `[layers × heads, ranges]`; null when no spans were asked for. */
  readonly spans: {
    readonly ranges: readonly TokenRange[];
    readonly before: Float32Array;
    readonly after: Float32Array;
  } | null;
}

/** One sampled token. */
export interface GenerationStep extends SampledToken {
  /** The index this token has in the sequence. */
  readonly position: number;
  /** Text that has become certain with this token: possibly none, never half a character or part of a stop string. */
  readonly text: string;
  /** Of the query row whose logits chose this token: the row of the token before it, `position − 1`. */
  readonly shares: RowShares;
  /** What was done in that row. */
  readonly intervention: Intervention | null;
}

/** `stop`: an end-of-turn token; `stop-string`: one of the stop texts; `length`: as many tokens as allowed; `abort`: the signal. */
export type FinishReason = 'stop' | 'stop-string' | 'length' | 'abort';

export interface GenerationTiming {
  readonly promptTokens: number;
  /** Of these, tokens whose cache was already there. */
  readonly reusedTokens: number;
  /** Until the first logits. */
  readonly prefillMs: number;
  /** Tokens forwarded one by one after the prompt, and the time that this and sampling took. */
  readonly decodedTokens: number;
  readonly decodeMs: number;
}

/** How a generation ended. */
export interface GenerationEnd {
  readonly finish: FinishReason;
  /** Text still held back when the signal fired; empty otherwise. */
  readonly rest: string;
  /** What the intervention did in all rows forwarded, prompt and answer; null without one. */
  readonly receipt: Receipt | null;
  readonly timing: GenerationTiming;
}

/**
 * Continues a prompt, token by token. The session ends up with the prompt and all sampled tokens but the last one,
 * which was chosen and not forwarded.
 *
 * The prompt's last token is always forwarded by itself: shares of spans are wanted of its row alone (for all rows of
 * a long prompt they would be gigabytes), and a repeated answer meets the same cuts, hence the same rounding.
 * @returns a generator whose return value says how it ended. Left early, it says nothing and checks nothing.
 * @throws HoldfastError at once `E_SAMPLING`, `E_TOKEN_RANGE` (empty prompt) and `E_CONTEXT_FULL` (prompt and answer do
 * not fit); while it runs what {@link Session.advance} throws, except that an abort is a way to end; at the end,
 * unless aborted, `E_UNTOUCHED` when the intervention touched no row
 */
export function generate(
  session: Session,
  prompt: readonly number[],
  options: GenerationOptions,
): AsyncGenerator<GenerationStep, GenerationEnd> {
  const { maxTokens, stop = [], tokenizer = null } = options;
  checkLimits(maxTokens, stop);
  if (stop.length > 0 && tokenizer === null) {
    throw new HoldfastError('E_SAMPLING', 'a stop string needs a tokenizer', { field: 'stop' });
  }
  if (prompt.length === 0) throw new HoldfastError('E_TOKEN_RANGE', 'a prompt needs at least one token');
  if (prompt.length + maxTokens > session.contextLength) {
    throw new HoldfastError(
      'E_CONTEXT_FULL',
      `a prompt of ${prompt.length} tokens and an answer of up to ${maxTokens} do not fit a context of ${session.contextLength}`,
      { hint: 'Shorten the prompt, allow fewer tokens, or open the session with a longer context' },
    );
  }
  const sampler = createSampler(checkSampling(options.sampling));
  return run(session, prompt, options, sampler.next);
}

/** @throws HoldfastError `E_SAMPLING` when an answer of so many tokens, or such a stop string, makes no sense */
export function checkLimits(maxTokens: number, stop: readonly string[]): void {
  if (!Number.isInteger(maxTokens) || maxTokens < 1) {
    throw new HoldfastError('E_SAMPLING', `maxTokens takes a whole number from 1, not ${maxTokens}`, {
      field: 'maxTokens',
    });
  }
  if (stop.includes('')) {
    throw new HoldfastError('E_SAMPLING', 'a stop string needs a character', { field: 'stop' });
  }
}

/** How long timers, input and the signal wait for their turn at most, besides one forward pass. */
const PAUSE_EVERY_MS = 50;

/** Logits `[vocab]` and shares of the row that chooses the next token. */
interface ChoosingRow {
  readonly logits: Float32Array;
  readonly shares: RowShares;
  readonly intervention: Intervention | null;
}

async function* run(
  session: Session,
  prompt: readonly number[],
  options: GenerationOptions,
  choose: ReturnType<typeof createSampler>['next'],
): AsyncGenerator<GenerationStep, GenerationEnd> {
  const { tokenizer = null, maxTokens, signal } = options;
  const stopIds = new Set(options.stopIds ?? tokenizer?.endOfTurnIds);
  const writer = createAnswerWriter(tokenizer, options.stop ?? []);
  const passes = createPasses(session, options);
  const timing = {
    promptTokens: prompt.length,
    reusedTokens: 0,
    prefillMs: 0,
    decodedTokens: 0,
    decodeMs: 0,
  };
  const end = (finish: FinishReason, rest = ''): GenerationEnd => ({
    finish,
    rest,
    receipt: passes.receipt(finish),
    timing,
  });

  try {
    let sinceMs = performance.now();
    let pausedMs = sinceMs;
    timing.reusedTokens = session.reuse(prompt);
    const block = prompt.slice(timing.reusedTokens, -1);
    if (block.length > 0) await passes.append(block);
    let row = await passes.choosing(prompt.at(-1)!, 0);
    timing.prefillMs = performance.now() - sinceMs;

    for (let sampled = 1; ; sampled++) {
      sinceMs = performance.now();
      const position = session.length;
      const token = choose(row.logits, session.tokens);
      const { shares, intervention } = row;
      const ending: FinishReason | null = stopIds.has(token.id)
        ? 'stop'
        : sampled === maxTokens
          ? 'length'
          : null;
      const { text, stopped } = writer.write(ending === 'stop' ? null : token.id, ending !== null);
      timing.decodeMs += performance.now() - sinceMs;
      yield { ...token, position, text, shares, intervention };
      if (stopped) return end('stop-string');
      if (ending !== null) return end(ending);

      if (performance.now() - pausedMs > PAUSE_EVERY_MS) {
        // Promises alone never let a timer fire, and so neither a signal that hangs on one.
        await new Promise((resolve) => setTimeout(resolve, 0));
        pausedMs = performance.now();
      }
      sinceMs = performance.now();
      row = await passes.choosing(token.id, sampled);
      timing.decodedTokens++;
      timing.decodeMs += performance.now() - sinceMs;
    }
  } catch (error) {
    if (signal?.aborted && error instanceof HoldfastError && error.code === 'E_ABORTED') {
      return end('abort', writer.rest());
    }
    throw error;
  }
}

/** Forward passes under the options' intervention, with the book that is kept of them. */
function createPasses(
  session: Session,
  { intervention: interventionAt, spans: spansAt, silenced, signal }: GenerationOptions,
) {
  const book = new ReceiptBook(headGrid(session.executor.blueprint));
  let intervened = false;
  let latest: Float32Array | undefined;

  async function forward(tokens: readonly number[], sampled: number, choosing: boolean) {
    const point: ForwardPoint = {
      start: session.length,
      end: session.length + tokens.length,
      sampled,
      ...(latest ? { shares: latest } : {}),
    };
    const intervention = interventionAt?.(point) ?? null;
    const ranges = choosing ? (spansAt?.(point) ?? null) : null;
    const result = await session.advance(tokens, {
      logits: choosing ? 'last' : 'none',
      intervention: intervention ?? undefined,
      spans: ranges ?? undefined,
      silenced,
      signal,
    });
    if (intervention !== null) {
      const { before, after } = result.targetShares!;
      intervened = true;
      book.add({ strengths: intervention, before, after, touched: result.touched! });
      latest = lastRow(before, tokens.length);
    }
    return { result, intervention, ranges };
  }

  return {
    async append(tokens: readonly number[]): Promise<void> {
      await forward(tokens, 0, false);
    },
    async choosing(id: number, sampled: number): Promise<ChoosingRow> {
      const { result, intervention, ranges } = await forward([id], sampled, true);
      return { logits: result.logits, shares: rowShares(result, ranges), intervention };
    },
    /** @throws HoldfastError `E_UNTOUCHED`, unless the generation was cut short */
    receipt(finish: FinishReason): Receipt | null {
      if (!intervened) return null;
      return finish === 'abort' ? book.soFar() : book.receipt();
    },
  };
}

function rowShares(result: ForwardResult, ranges: readonly TokenRange[] | null): RowShares {
  return {
    target: result.targetShares ?? null,
    spans: ranges === null ? null : { ranges, ...result.spanShares! },
  };
}

/** The last row of `[layers × heads, rows]`. */
function lastRow(shares: Float32Array, rows: number): Float32Array {
  return Float32Array.from({ length: shares.length / rows }, (_, pair) => shares[pair * rows + rows - 1]!);
}
