import type { Receipt } from '../attention/index.js';
import { HoldfastError } from '../errors.js';
import { checkTokens, type Intervention } from '../executors/index.js';
import type { Tokenizer } from '../text/index.js';
import { HALF_PAIR } from '../utf8.js';
import { checkAdjustments, type LogitAdjustments } from './adjustments.js';
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
  /** Turns ids into text. Without one, text is empty. */
  readonly tokenizer?: Tokenizer | null;
  readonly sampling?: SamplingOptions;
  /**
   * Token positions that no forward pass of the prompt crosses, in any order, so that the intervention can change there. A
   * position in the cache or beyond the prompt's last token has no effect.
   */
  readonly cuts?: readonly number[] | undefined;
  /**
   * Tokens at the front of the prompt that are computed without the intervention, in passes of their own; default: 0.
   * Cached tokens are reused as they are: rewind to {@link Session.cleanLength} to compute them again.
   */
  readonly cleanLength?: number | undefined;
  /**
   * Tokens that the answer begins with: each is taken instead of a sampled one, and is a step like any other. Default: none.
   * An answer that begins with its own first tokens continues as it did.
   */
  readonly begin?: readonly number[] | undefined;
  /** Maximum number of tokens of the answer, 1 or more. */
  readonly maxTokens: number;
  /** Strings that end the answer. They are not part of it. */
  readonly stop?: readonly string[];
  /** Tokens that end the answer; default: the tokenizer's `endOfTurnIds`. */
  readonly stopIds?: readonly number[];
  /**
   * Steers the answer away from that of another prompt. Tokens and probabilities come from the combined logits.
   * Interventions, shares and the receipt cover only the first session's passes.
   */
  readonly guidance?: Guidance | undefined;
  /** Changes to the logits that tokens are drawn from; see {@link LogitAdjustments}. */
  readonly adjust?: LogitAdjustments | undefined;
}

/** One sampled token. */
export interface GenerationStep extends SampledToken {
  /** The token's index in the sequence. */
  readonly position: number;
  /** Text that this token makes certain: possibly empty, never half a character or part of a stop string. */
  readonly text: string;
  /** Shares in the query row whose logits chose this token: that of the previous token, `position − 1`. */
  readonly shares: RowShares;
  /** The intervention in that row. */
  readonly intervention: Intervention | null;
}

/**
 * Why an answer ended. `stop`: a stop token; `stop-string`: a stop string; `length`: `maxTokens` reached; `abort`: the
 * signal.
 */
export type FinishReason = 'stop' | 'stop-string' | 'length' | 'abort';

/** How many tokens a generation forwarded, and how long it took. */
export interface GenerationTiming {
  readonly promptTokens: number;
  /** Prompt tokens that were already in the cache. */
  readonly reusedTokens: number;
  /** Time to the first logits. */
  readonly prefillMs: number;
  /** Tokens forwarded one by one after the prompt. */
  readonly decodedTokens: number;
  /** Time to forward those and to sample. */
  readonly decodeMs: number;
  /** The same counts for guidance's prompt, null without guidance. It decodes as many tokens as the first prompt. */
  readonly guidance: { readonly promptTokens: number; readonly reusedTokens: number } | null;
}

/** Returns the number of tokens that went through the model, including those of guidance's session. */
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
  /** Text held back when the signal fired; otherwise empty. */
  readonly rest: string;
  /** What the intervention did in all forwarded rows of prompt and answer; null without an intervention. */
  readonly receipt: Receipt | null;
  readonly timing: GenerationTiming;
}

/**
 * Continues a prompt, token by token. Afterwards the session holds the prompt and all sampled tokens except the last:
 * that one was chosen but not forwarded.
 *
 * The prompt's last token is always a forward pass of its own. Only its row needs the shares of spans (for all rows of
 * a long prompt, they would take gigabytes), and a repeated answer is split into the same passes, so it rounds alike.
 * @returns a generator whose return value is the {@link GenerationEnd}; a caller that leaves the loop early gets none,
 * and no check that the intervention acted
 * @throws HoldfastError immediately: `E_SAMPLING`, `E_TOKEN_RANGE` (empty prompt, or a token outside the vocabulary), `E_CONTEXT_FULL` (prompt and answer
 * do not fit); while running: what {@link Session.advance} throws, except that an abort ends the generation normally, and `E_BUSY` if
 * the session is changed between two steps;
 * at the end, unless aborted: `E_UNTOUCHED` if the intervention was not applied
 */
export function generate(
  session: Session,
  prompt: readonly number[],
  options: GenerationOptions,
): AsyncGenerator<GenerationStep, GenerationEnd> {
  const { maxTokens, stop = [], tokenizer = null } = options;
  checkLimits(maxTokens, stop);
  if (stop.length > 0 && tokenizer === null) {
    throw new HoldfastError('E_SAMPLING', 'stop strings need a tokenizer', { field: 'stop' });
  }
  checkPrompt(session, prompt, maxTokens);
  const { begin = [] } = options;
  if (begin.length > 0) {
    const { executor, contextLength } = session;
    checkTokens(begin, prompt.length + begin.length, contextLength, executor.blueprint);
  }
  if (options.guidance) {
    checkGuidance(options.guidance.scale);
    checkPrompt(options.guidance.session, options.guidance.prompt, maxTokens);
  }
  const { vocabSize } = session.executor.blueprint;
  if (options.adjust) checkAdjustments(options.adjust, vocabSize);
  const sampler = createSampler(checkSampling(options.sampling), vocabSize, options.adjust);
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

/**
 * Checks the limits of an answer.
 * @throws HoldfastError `E_SAMPLING` if `maxTokens` is not a whole number from 1, or a stop string is empty
 * or has half of a surrogate pair, which would cut an answer inside a character
 */
export function checkLimits(maxTokens: number, stop: readonly string[]): void {
  if (!Number.isInteger(maxTokens) || maxTokens < 1) {
    throw new HoldfastError('E_SAMPLING', `maxTokens takes a whole number from 1, not ${maxTokens}`, {
      field: 'maxTokens',
    });
  }
  if (stop.includes('')) {
    throw new HoldfastError('E_SAMPLING', 'a stop string is empty', { field: 'stop' });
  }
  const half = stop.find((text) => HALF_PAIR.test(text));
  if (half !== undefined) {
    const what = `a stop string has half of a surrogate pair: ${JSON.stringify(half)}`;
    throw new HoldfastError('E_SAMPLING', what, { field: 'stop' });
  }
}

/** @throws HoldfastError `E_BUSY` if the session has other tokens, because the caller or another generation used it meanwhile */
function assertUnchanged({ tokens, disposed }: Session, own: readonly number[]): void {
  // The next pass says so.
  if (disposed) return;
  if (tokens.length === own.length && own.every((id, index) => id === tokens[index])) return;
  throw new HoldfastError('E_BUSY', 'the session was changed while an answer was generated on it', {
    hint: 'Use a second session, or Session.branch, which leaves the session as it was',
  });
}

/** Returns where the blocks of a prompt end that are forwarded before its last token. @param cuts ends asked for */
function blockEnds(prompt: readonly number[], reused: number, cuts: readonly number[]): readonly number[] {
  const last = prompt.length - 1;
  const ends = [...cuts, last].filter((end) => end > reused && end <= last);
  return [...new Set(ends)].sort((a, b) => a - b);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

async function* run(
  session: Session,
  prompt: readonly number[],
  options: GenerationOptions,
  sampler: Sampler,
): AsyncGenerator<GenerationStep, GenerationEnd> {
  const { tokenizer = null, maxTokens, guidance, silenced, signal } = options;
  const { begin = [], cuts = [], cleanLength = 0 } = options;
  const stopIds = new Set(options.stopIds ?? tokenizer?.endOfTurnIds);
  const writer = createAnswerWriter(tokenizer, options.stop ?? []);
  // Guidance combines the logits of two rows. A token that is given may be one that no draw can reach.
  const needsLogits = guidance !== undefined || begin.length > 0;
  const passes = createPasses(session, options, needsLogits ? null : sampler.wanted);
  /** Returns the row that chooses the next token. @param withoutId the last token in guidance's session */
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
    for (const end of blockEnds(prompt, timing.reusedTokens, [...cuts, cleanLength])) {
      await passes.append(prompt.slice(session.length, end), end <= cleanLength);
    }
    if (guidance) {
      const reusedTokens = await prefillGuidance(guidance, { silenced, signal });
      timing.guidance = { promptTokens: guidance.prompt.length, reusedTokens };
    }
    let row = await choosing(prompt.at(-1)!, (guidance?.prompt ?? prompt).at(-1)!, 0);
    timing.prefillMs = performance.now() - sinceMs;
    /** The tokens that each session has between two steps. */
    const held = [
      { session, tokens: [...prompt] },
      ...(guidance ? [{ session: guidance.session, tokens: [...guidance.prompt] }] : []),
    ];

    for (let sampled = 1; ; sampled++) {
      sinceMs = performance.now();
      const position = session.length;
      const token = sampler.next(row, session.tokens, begin[sampled - 1]);
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
      for (const { session, tokens } of held) assertUnchanged(session, tokens);
      row = await choosing(token.id, token.id, sampled);
      for (const { tokens } of held) tokens.push(token.id);
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
