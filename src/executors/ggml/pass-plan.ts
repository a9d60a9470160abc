import type { TokenRange } from '../../attention/index.js';
import type { ForwardRequest, Sides, SpanPiece } from '../contract/index.js';
import type { PolicyPart, SmallShares } from './policy-parts.js';
import type { CacheArena, GgmlSequence } from './sequence.js';

/** New tokens of one request that go through the graph in one pass. */
export interface Chunk {
  readonly request: ForwardRequest;
  readonly sequence: GgmlSequence;
  /** Index of the first among the request's tokens. */
  readonly first: number;
  /** Tokens already in the cache. */
  readonly past: number;
  readonly tokens: readonly number[] | Int32Array;
  /** The spans cut at the target's borders. */
  readonly pieces: readonly SpanPiece[];
  readonly small: SmallShares;
  /** Whether this pass ends the request. */
  readonly isLast: boolean;
}

/** The part of a chunk that a group holds: as many tokens as the group has, from `offset` on. */
export interface ChunkPart {
  readonly chunk: Chunk;
  readonly offset: number;
}

/**
 * Rows whose attention is computed in one operation: one token of several sequences in neighbouring slots, or several
 * tokens of one sequence.
 */
export interface Group {
  /** Index of the first row in the pass. */
  readonly row: number;
  /** New tokens of each sequence. */
  readonly tokens: number;
  /** First slot. */
  readonly slot: number;
  readonly parts: readonly ChunkPart[];
  /** What the rows of each part see through each distinct window. */
  readonly views: readonly (readonly View[])[];
  /** The keys that are read, for each distinct window. */
  readonly windows: readonly GroupWindow[];
  /** Whether attention is computed in one operation that keeps no weights. */
  readonly fused: boolean;
  /** Columns of shares; 0 if none are wanted. */
  readonly columns: number;
  /** Null if no request has an intervention. */
  readonly policy: GroupPolicy | null;
  readonly silences: boolean;
}

/** What the rows of one part see through one window. */
export interface View {
  /** `[tokens]` */
  readonly sides: readonly Sides[];
  /** `[all tokens]`, 1 inside the target. */
  readonly isTarget: Uint8Array;
}

export interface GroupWindow {
  /** Keys `[start, end)`; multiples of the key step. */
  readonly start: number;
  readonly end: number;
  /** The stretch of keys that holds every target, within them. */
  readonly stretch: TokenRange;
}

export interface GroupPolicy extends SmallShares {
  readonly parts: readonly PolicyPart[];
  readonly raises: boolean;
  readonly lowers: boolean;
}

/** What a pass computes. */
export interface PassPlan {
  readonly arena: CacheArena;
  readonly rows: number;
  readonly groups: readonly Group[];
  /** Rows of the pass whose logits are wanted. */
  readonly logitRows: readonly number[];
  /** Whether their probabilities are wanted too. */
  readonly probabilities: boolean;
  /** Layers whose attention rows are wanted, and hidden states wanted, by any request. */
  readonly attentionTaps: readonly number[];
  readonly hiddenTaps: readonly number[];
}
