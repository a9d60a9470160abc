import type { Group } from '../studio/index.js';
import type { SpanRole } from '../text/index.js';

/** What a trace's page knows besides its numbers. It is embedded as JSON. */
export interface PageData {
  readonly model: string;
  readonly executor: string;
  readonly precision: string;
  /** The policy and its strength in words; null if the model ran untouched. */
  readonly policy: string | null;
  readonly layers: number;
  /** Query heads per layer. */
  readonly heads: number;
  /** Layers whose heads see furthest: every mean is taken over these. */
  readonly meanLayers: readonly number[];
  /** The text of each token. */
  readonly tokens: readonly string[];
  /** In order, covering every token; one span without a role for plain tokens. */
  readonly spans: readonly PageSpan[];
  /** What the page shows the shares of. The first ones sum to 1: the groups of a dialogue, or the target and the rest. */
  readonly parts: readonly PagePart[];
  /** How many of the parts sum to 1. */
  readonly whole: number;
  /** The attention rows that the page has; null if it has none. */
  readonly attention: PageAttention | null;
  /** What the page leaves out, in sentences. */
  readonly notes: readonly string[];
}

/** A span of the tokens. */
export interface PageSpan {
  /** Null for plain tokens. */
  readonly role: SpanRole | null;
  readonly turn: number;
  readonly start: number;
  readonly end: number;
}

/** Tokens whose share of attention the page shows. */
export interface PagePart {
  /** The group of the studio whose colour it has. */
  readonly colour: Group;
  /** Null: the name that the studio gives the group. */
  readonly name: string | null;
}

/** Attention rows of a page: of every head of some layers, or one row for each token, the mean over these layers' heads. */
export interface PageAttention {
  readonly layers: readonly number[];
  readonly of: 'each head' | 'mean';
}
