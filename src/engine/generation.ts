import type { Receipt } from '../attention/index.js';
import { HoldfastError } from '../errors.js';
import type { Intervention } from '../executors/index.js';
import type { Tokenizer } from '../text/index.js';
import { createAnswerWriter } from './answer-writer.js';
import { checkGuidance, type Guidance, guidedRow, prefillGuidance } from './guidance.js';
import { type ChoosingRow, createPasses, type PassOptions, type RowShares } from './passes.js';
import {
  checkSampling,
  createSampler,
  type SampledToken,
  type Sampler,
  type SamplingOptions,
} from './sampling.js';
import type { Session } from './session.js';

/** How a prompt is continued; see {@link generate}. */
export interface GenerationOptions extends PassOptions {
  /** Turns ids into text; without one, as for a model that has none, text is empty. */
  readonly tokenizer?: Tokenizer | null;
  readonly sampling?: SamplingOptions;
  /** Tokens at the front of the prompt that are a pass of their own, where they are not in the cache already. */
  readonly firstPass?: number | undefined;
  /** Tokens to sample at most, from 1. */
  readonly maxTokens: number;
  /** Texts at which the answer ends, themselves not a part of it. */
  readonly stop?: readonly string[];
  /** Tokens at which the answer ends; the tokenizer's `endOfTurnIds` if not said. */
  readonly stopIds?: readonly number[];
  /**
   * Leads the answer away from another prompt's. Interventions, shares and the receipt are of the first session's passes
   * alone; what is sampled, and its probabilities, of the combined logits.
   */
  readonly guidance?: Guidance | undefined;
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

/** How many tokens a generation forwarded, and how long it took. */
export interface GenerationTiming {
  readonly promptTokens: number;
  /** Of these, tokens whose cache was already there. */
  readonly reusedTokens: number;
  /** Until the first logits. */
  readonly prefillMs: number;
  /** Tokens forwarded one by one after the prompt, and the time that this and sampling took. */
  readonly decodedTokens: number;
  readonly decodeMs: number;
  /** The second prompt of guidance, and its tokens whose cache was there; it decodes as many as the first. Null without. */
  readonly guidance: { readonly promptTokens: number; readonly reusedTokens: number } | null;
}

/** Tokens that went through the model, those of guidance's second session among them. */
export function forwardedTokens({
  promptTokens,
  reusedTokens,
  decodedTokens,
  guidance,
}: GenerationTiming): number {
  const first = promptTokens - reusedTokens + decodedTokens;
  return guidance === null ? first : first + guidance.promptTokens - guidance.reusedTokens + decodedTokens;
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
 * unless aborted, `E_UNTOUCHED` when the intervention changed no share
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
  checkPrompt(session, prompt, maxTokens);
  if (options.guidance) {
    checkGuidance(options.guidance.scale);
    checkPrompt(options.guidance.session, options.guidance.prompt, maxTokens);
  }
  const sampler = createSampler(checkSampling(options.sampling), session.executor.blueprint.vocabSize);
  return run(session, prompt, options, sampler);
}

function checkPrompt({ contextLength }: Session, prompt: readonly number[], maxTokens: number): void {
  if (prompt.length === 0) throw new HoldfastError('E_TOKEN_RANGE', 'a prompt needs at least one token');
  if (prompt.length + maxTokens > contextLength) {
    throw new HoldfastError(
      'E_CONTEXT_FULL',
      `a prompt of ${prompt.length} tokens and an answer of up to ${maxTokens} do not fit a context of ${contextLength}`,
      { hint: 'Shorten the prompt, allow fewer tokens, or open the session with a longer context' },
    );
  }
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

/** What of a prompt goes before its last token: the rest of the first pass, and all after it. */
function blocksOf(
  prompt: readonly number[],
  reused: number,
  firstPass: number,
): readonly (readonly number[])[] {
  const cut = Math.min(Math.max(reused, firstPass), prompt.length - 1);
  return [prompt.slice(reused, cut), prompt.slice(cut, -1)].filter(({ length }) => length > 0);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

async function* run(
  session: Session,
  prompt: readonly number[],
  options: GenerationOptions,
  sampler: Sampler,
): AsyncGenerator<GenerationStep, GenerationEnd> {
  const { tokenizer = null, maxTokens, guidance, silenced, signal } = options;
  const stopIds = new Set(options.stopIds ?? tokenizer?.endOfTurnIds);
  const writer = createAnswerWriter(tokenizer, options.stop ?? []);
  // Guidance combines the logits of two rows.
  const passes = createPasses(session, options, guidance ? null : sampler.wanted);
  /** @param withoutId the token in guidance's session */
  const choosing = (id: number, withoutId: number, sampled: number): Promise<ChoosingRow> => {
    const pass = () => passes.choosing(id, sampled);
    return guidance ? guidedRow(guidance, withoutId, pass, { silenced, signal }) : pass();
  };
  const timing: Mutable<GenerationTiming> = {
    promptTokens: prompt.length,
    reusedTokens: 0,
    prefillMs: 0,
    decodedTokens: 0,
    decodeMs: 0,
    guidance: null,
  };
  const end = (finish: FinishReason, rest = ''): GenerationEnd => ({
    finish,
    rest,
    receipt: passes.receipt(finish === 'abort'),
    timing,
  });

  try {
    let sinceMs = performance.now();
    timing.reusedTokens = session.reuse(prompt);
    for (const block of blocksOf(prompt, timing.reusedTokens, options.firstPass ?? 0))
      await passes.append(block);
    if (guidance) {
      const reusedTokens = await prefillGuidance(guidance, { silenced, signal });
      timing.guidance = { promptTokens: guidance.prompt.length, reusedTokens };
    }
    let row = await choosing(prompt.at(-1)!, (guidance?.prompt ?? prompt).at(-1)!, 0);
    timing.prefillMs = performance.now() - sinceMs;

    for (let sampled = 1; ; sampled++) {
      sinceMs = performance.now();
      const position = session.length;
      const token = sampler.next(row, session.tokens);
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

      sinceMs = performance.now();
      row = await choosing(token.id, token.id, sampled);
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
