import type { Receipt } from '../attention/index.js';
import type { FinishReason, GenerationTiming, RowShares, SampledToken } from '../engine/index.js';
import type { Span } from '../text/index.js';
import type { Settings } from './settings.js';
import type { AnswerShares, PartShares, Share, SpanShare } from './shares.js';

/** One token of an answer, at the time it is generated. */
export interface AnswerStep extends SampledToken {
  /** Text that is final with this token; may be empty. */
  readonly text: string;
  /** The token's index in the dialogue. */
  readonly position: number;
  /** The policy's strength in the row that chose this token; null for `off`, and for `sustain`, which has one per head. */
  readonly strength: number | null;
  /** Shares in the row that chose this token (the row of the token before it), means over the heads that see furthest. */
  readonly shares: {
    /** The target's share; null if the dialogue does not have it, or no head sees it. */
    readonly target: Share | null;
    /** Shares of all spans of the dialogue so far, the growing answer last. They sum to 1. */
    readonly spans: readonly SpanShare[];
  };
}

/** The row that chose one token of an answer, head by head. */
export interface RowObservation {
  /** The token's index in the dialogue; the row is that of the token before it. */
  readonly position: number;
  /** All spans of the dialogue up to the row, the growing answer last: the ranges of `shares.spans`, in order. */
  readonly spans: readonly Span[];
  /** For each target of `AnswerOptions.watch`, the indices of its spans; null if the dialogue does not have it yet. */
  readonly watched: readonly (readonly number[] | null)[];
  /** Shares before and after the policy. Do not write to these buffers: the next step averages them when it is read. */
  readonly shares: RowShares;
}

/** A user's message and its answer. */
export interface Turn {
  /** From 1, counting exchanges that were given. */
  readonly number: number;
  readonly system: string | null;
  readonly user: string;
  readonly assistant: string;
  /** The answer's tokens as sampled; the last one ends the turn when `finish` is `stop`. */
  readonly ids: readonly number[];
  readonly finish: FinishReason;
  /** The settings of this answer, with the seed that it was sampled with. */
  readonly settings: Settings;
  /** The policy's strength in the answer's first and last row; null as in {@link AnswerStep}. */
  readonly strength: { readonly first: number; readonly last: number } | null;
  /** How many of the answer's first tokens were given and not sampled; see `AnswerOptions.begin`. */
  readonly begun: number;
  /** The strength for each token if it was set while the answer was generated (`AnswerOptions.strength`); else null. */
  readonly strengths: readonly number[] | null;
  /** Whether `sustain` only measured its strengths in this answer. */
  readonly measuring: boolean;
  /**
   * Why the policy does not do in this answer what it was asked to: its strength changes nothing (`k = 1 changes nothing`),
   * its target is not in the dialogue yet or is out of every layer's sight, or a `target` schedule cannot reach its share.
   * Else null.
   */
  readonly notice: string | null;
  /** The target's share over the rows that chose the answer's tokens; null without a target. */
  readonly shares: AnswerShares | null;
  /** The shares of the prompt, its words, the sink and the prefix over the same rows, whatever the target is. */
  readonly parts: PartShares;
  /** What the policy did in the prompt's new rows and the answer's rows; null without a target. */
  readonly receipt: Receipt | null;
  /**
   * The tokens before the user's message, which the cache has without the policy's changes: how many there are, and how
   * many of them had been computed under the policy and were computed again for this answer. Null if the policy is off, and
   * if the cache keeps its changes.
   */
  readonly cleaned: { readonly tokens: number; readonly recomputed: number } | null;
  /** Numbers of the turns dropped from the context from this turn on, because it was full. */
  readonly dropped: readonly number[];
  readonly timing: GenerationTiming;
}

/** Returns the answer's tokens without the one that ends the turn. */
export function answerIds({ ids, finish }: Turn): readonly number[] {
  return finish === 'stop' ? ids.slice(0, -1) : ids;
}

/** Returns the tokens per second of an answer, without the time of its prompt; null for an answer of one token. */
export function tokensPerSecond({ timing }: Turn): number | null {
  return timing.decodedTokens === 0 ? null : (1000 * timing.decodedTokens) / timing.decodeMs;
}
