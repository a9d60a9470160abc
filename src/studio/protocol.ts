import type { Policy, Receipt, Schedule } from '../attention/index.js';
import type { FinishReason } from '../engine/index.js';
import type { DialogueRequest, StudyDialogue, StudyEvent } from './study-protocol.js';

/** The two sides of the studio: the model as it is, and under the hold. */
export const COLUMNS = ['untouched', 'held'] as const;
/** One of {@link COLUMNS}. */
export type Column = (typeof COLUMNS)[number];

/**
 * Whom a token can listen to, in the order in which the strips stack them: the system prompt's own words, the sink (the first
 * token), earlier turns, the last user message, the template around all messages, and the answer itself. The shares of one
 * token sum to 1.
 */
export const GROUPS = ['prompt', 'sink', 'earlier', 'message', 'template', 'answer'] as const;
/** One of {@link GROUPS}. */
export type Group = (typeof GROUPS)[number];

/** Where the models of the studio are: with it, in the cache, or at the hub. */
export const MODEL_PLACES = ['here', 'cache', 'hub'] as const;

/** A model that the studio can load. */
export interface ModelChoice {
  readonly name: string;
  readonly place: (typeof MODEL_PLACES)[number];
  /** One line on what it is; for a model that is not here, its size alone. */
  readonly about: string;
}

/** An executor that works where the studio runs. */
export interface ExecutorChoice {
  readonly name: string;
  /** What it runs on. */
  readonly about: string;
}

/** Asks for a model. */
export interface LoadRequest {
  readonly name: string;
  /** Null: the one that the studio was started with, or the best that a browser has. */
  readonly executor: string | null;
}

/** A loaded model, as the page describes it. */
export interface ModelCard {
  readonly name: string;
  readonly executor: string;
  readonly precision: string;
  readonly layers: number;
  /** Query heads per layer. */
  readonly heads: number;
  /** Layers whose heads see furthest: every mean is taken over these. */
  readonly meanLayers: readonly number[];
  readonly contextLength: number;
  /** The hold that was measured on this model; null if it has none. */
  readonly preset: Steer | null;
  /** The hold that the model's server was started with; null if it has none. */
  readonly serverHold: Steer | null;
  /** What the user should know, for example that the model runs without a GPU. */
  readonly notes: readonly string[];
}

/** How one side is steered. */
export interface Steer {
  readonly policy: Policy;
  /** Null for a policy that takes no strength. */
  readonly schedule: Schedule | null;
  /** In the form that `--target` takes. */
  readonly target: string;
  /** The heads that the policy acts on; null: all. */
  readonly pairs: readonly (readonly [layer: number, head: number])[] | null;
}

/** How tokens are drawn. */
export interface Draw {
  readonly temperature: number;
  readonly topP: number;
  readonly seed: number;
  readonly maxTokens: number;
}

/** An answered turn, with everything that answering it again takes. */
export interface PastTurn {
  readonly system: string | null;
  readonly user: string;
  readonly assistant: string;
  /** The answer's tokens as sampled; null for an answer that was given as text. */
  readonly ids: readonly number[] | null;
  /** How many of the first ones were given. */
  readonly begun: number;
  /** The strength for each token, if it was set while the answer was generated. */
  readonly strengths: readonly number[] | null;
  readonly finish: FinishReason;
  readonly steer: Steer;
  readonly draw: Draw;
}

/** Asks one side for an answer. */
export interface AnswerRequest {
  readonly column: Column;
  readonly system: string | null;
  /** The turns before it. Those that the side does not have yet are read first. */
  readonly past: readonly PastTurn[];
  readonly user: string;
  readonly steer: Steer;
  readonly draw: Draw;
  /** Tokens that the answer begins with. */
  readonly begin: readonly number[];
  /** The strengths of these tokens, if they were set while the answer was generated. */
  readonly strengths: readonly number[] | null;
  /** Whether the answer ends after these tokens, so that a saved answer is measured again. */
  readonly measureOnly: boolean;
}

/** A token that could have been chosen, with its probability before sampling filters. */
export interface Alternative {
  readonly id: number;
  readonly text: string;
  readonly probability: number;
}

/** One token of an answer, and where the row that chose it looked. Means are over the heads that see furthest. */
export interface TokenTrace extends Omit<Alternative, 'probability'> {
  /** Null in a trace without logits. */
  readonly probability: number | null;
  /** The most probable tokens, most probable first. */
  readonly alternatives: readonly Alternative[];
  /** The policy's strength in this row; null if it has none. */
  readonly strength: number | null;
  /** Shares in the order of {@link GROUPS}; they sum to 1. */
  readonly shares: readonly number[];
  /** The share of each of the prompt's words. */
  readonly words: readonly number[];
  /** The prompt's share in each head after the policy, `[layers × heads]`. */
  readonly heads: readonly number[];
  /** The same before the policy; null if nothing was changed. */
  readonly before: readonly number[] | null;
}

/** An answer that has ended. */
export interface AnswerEnd {
  readonly turn: PastTurn;
  readonly number: number;
  /** Why the policy does not do what it was asked to; null if it does. */
  readonly notice: string | null;
  /** The prompt's mean share in the answer; null without a system prompt. */
  readonly prompt: { readonly before: number; readonly after: number } | null;
  /** The sink's mean share. */
  readonly sink: number | null;
  readonly receipt: Receipt | null;
  /** Numbers of the turns that left the context from this answer on, because it was full. */
  readonly dropped: readonly number[];
  readonly promptTokens: number;
  readonly reusedTokens: number;
  readonly prefillMs: number;
  readonly tokensPerSecond: number | null;
}

/** What happens while an answer is generated. */
export type AnswerEvent =
  /** Earlier turns are read again, because this side does not have them in its cache. */
  | { readonly kind: 'reading'; readonly turn: number; readonly of: number }
  /** The prompt's words, in order: the index of `TokenTrace.words`. */
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'token'; readonly token: TokenTrace }
  /** The end; null if the answer was stopped before its first token. */
  | { readonly kind: 'end'; readonly end: AnswerEnd | null };

/** Asks what a hold changes in an answer that is given. */
export interface CompareRequest {
  readonly system: string | null;
  readonly past: readonly PastTurn[];
  readonly user: string;
  readonly assistant: string;
  readonly steer: Steer;
}

/** The next-token distributions at one token of an answer, untouched and held. */
export interface TokenComparison {
  /** D_KL(untouched ‖ held) in nats: the cost of a study. */
  readonly kl: number;
  readonly untouched: readonly Alternative[];
  readonly held: readonly Alternative[];
}

/** A dialogue read from a file. */
export interface OpenedDialogue {
  readonly kind: 'dialogue';
  readonly system: string | null;
  readonly turns: readonly PastTurn[];
  /** The settings of the next answer; null in a file without them. */
  readonly next: { readonly steer: Steer; readonly draw: Draw } | null;
  /** What of the file this model cannot take over. */
  readonly notes: readonly string[];
}

/** A hold read from a file of `holdfast calibrate` or of the studio. */
export interface OpenedHold {
  readonly kind: 'hold';
  readonly steer: Steer;
  /** Where the model or the prompt is not the one that it was made for. */
  readonly notes: readonly string[];
}

/** An answer of a trace. */
export interface TracedTurn {
  readonly tokens: readonly TokenTrace[];
  readonly end: AnswerEnd;
}

/** A trace of a dialogue read from a file. */
export interface OpenedTrace {
  readonly kind: 'trace';
  readonly system: string | null;
  readonly turns: readonly TracedTurn[];
}

/** Asks for a dialogue as the file that `holdfast chat --save` writes. */
export interface SaveRequest {
  readonly column: Column;
  readonly system: string | null;
  readonly past: readonly PastTurn[];
  readonly steer: Steer;
  readonly draw: Draw;
}

/** Asks for the settings of the held side as the file that `--hold` takes. */
export interface HoldRequest {
  readonly system: string | null;
  readonly steer: Steer;
}

/** Asks for a dialogue's internals as the file that `holdfast trace` writes. */
export interface TraceRequest {
  readonly system: string | null;
  readonly past: readonly PastTurn[];
  readonly steer: Steer;
  /** The policy's strength in the whole run; null for none. */
  readonly strength: number | null;
}

/** The operations of a studio: what each takes, reports while it runs, and returns. */
export interface Operations {
  models: { takes: null; reports: never; returns: readonly ModelChoice[] };
  executors: { takes: null; reports: never; returns: readonly ExecutorChoice[] };
  load: { takes: LoadRequest; reports: string; returns: ModelCard };
  answer: { takes: AnswerRequest; reports: AnswerEvent; returns: null };
  strength: { takes: { readonly column: Column; readonly strength: number }; reports: never; returns: null };
  compare: { takes: CompareRequest; reports: never; returns: readonly TokenComparison[] };
  save: { takes: SaveRequest; reports: AnswerEvent; returns: unknown };
  open: {
    takes: { readonly json: unknown; readonly system: string | null };
    reports: never;
    returns: OpenedDialogue | OpenedHold;
  };
  hold: { takes: HoldRequest; reports: never; returns: unknown };
  /** Takes the bytes of a trace in base64. */
  opentrace: { takes: { readonly file: string }; reports: never; returns: OpenedTrace };
  /** Reports how many tokens were read. Returns the file's bytes in base64. */
  trace: { takes: TraceRequest; reports: string; returns: string };
  /** Null where there are no studies, as in a browser. */
  studies: { takes: null; reports: never; returns: readonly string[] | null };
  /** Reports what is in a study's folder, and what comes, until it is stopped. */
  study: { takes: { readonly study: string }; reports: StudyEvent; returns: null };
  dialogue: { takes: DialogueRequest; reports: never; returns: StudyDialogue };
  /** Writes the report of a study, as `holdfast study report` does. */
  report: { takes: { readonly study: string }; reports: never; returns: null };
}

/** The name of one of the {@link Operations}. */
export type Operation = keyof Operations;

/** An error as it crosses to the page. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}
