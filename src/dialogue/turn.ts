import type { Receipt } from '../attention/index.js';
import type { FinishReason, GenerationTiming, RowShares, SampledToken } from '../engine/index.js';
import type { Span } from '../text/index.js';
import type { Settings } from './settings.js';
import type { AnswerShares, PartShares, Share, SpanShare } from './shares.js';

/** One token of an answer, as it comes. */
export interface AnswerStep extends SampledToken {
  /** Text that has become certain with this token; possibly none. */
  readonly text: string;
  /** The index this token has in the dialogue. */
  readonly position: number;
  /** The policy's strength in the row that chose this token; null for `off`, and for `sustain`, which has one per head. */
  readonly strength: number | null;
  /** Of the row that chose this token (the row of the token before it), means over layers and heads. */
  readonly shares: {
    /** Null when the dialogue has no such target. */
    readonly target: Share | null;
    /** All spans of the dialogue so far, the growing answer the last; together they hold the whole row. */
    readonly spans: readonly SpanShare[];
  };
}

/** The row that chose one token of an answer, head by head. */
export interface RowObservation {
  /** The index that the token has in the dialogue; the row is that of the token before it. */
  readonly position: number;
  /** All spans of the dialogue up to the row, the growing answer the last: the ranges of `shares.spans`, in order. */
  readonly spans: readonly Span[];
  /** For each target of `AnswerOptions.watch`, the indices of its spans; null where the dialogue does not have it yet. */
  readonly watched: readonly (readonly number[] | null)[];
  /** Before the policy and after it. Nobody else writes to these buffers; the step that follows averages them when it is read. */
  readonly shares: RowShares;
}

/** A user's message and its answer. */
export interface Turn {
  /** From 1; exchanges that were given count. */
  readonly number: number;
  readonly system: string | null;
  readonly user: string;
  readonly assistant: string;
  /** The answer's tokens as sampled; the last one ends the turn when `finish` is `stop`. */
  readonly ids: readonly number[];
  readonly finish: FinishReason;
  /** In force for this answer; the sampling's seed is the one it was drawn with. */
  readonly settings: Settings;
  /** The policy's strength in the answer's first and last row; null as in {@link AnswerStep}. */
  readonly strength: { readonly first: number; readonly last: number } | null;
  /** The target's share over the rows that chose the answer's tokens; null when there was no target. */
  readonly shares: AnswerShares | null;
  /** The shares of the prompt, its words, the sink and the prefix over the same rows, whatever the target is. */
  readonly parts: PartShares;
  /** What the policy did, over the prompt's new rows and the answer's; null when there was no target. */
  readonly receipt: Receipt | null;
  /** Turns that were left out of the context from this one on, because it was full. */
  readonly dropped: readonly number[];
  readonly timing: GenerationTiming;
}

/** The tokens that are the answer's own. */
export function answerIds({ ids, finish }: Turn): readonly number[] {
  return finish === 'stop' ? ids.slice(0, -1) : ids;
}

/** Whether a policy was asked to act on any head. */
export function policyAsked({ receipt }: Pick<Turn, 'receipt'>): boolean {
  return receipt?.headsAsked.some((heads) => heads > 0) ?? false;
}

/** Whether a policy changed any share. */
export function policyActed({ receipt }: Pick<Turn, 'receipt'>): boolean {
  return receipt?.touched.some((pairs) => pairs > 0) ?? false;
}

/** Tokens a second of an answer, the prompt's time apart; null for an answer of one token. */
export function tokensPerSecond({ timing }: Turn): number | null {
  return timing.decodedTokens === 0 ? null : (1000 * timing.decodedTokens) / timing.decodeMs;
}
