import { type Receipt, ReceiptBook, type TokenRange } from '../attention/index.js';
import type { CandidateRequest, Candidates, ForwardResult, Intervention } from '../executors/index.js';
import { headGrid } from './model.js';
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

/** What every forward pass of an answer is made under. */
export interface PassOptions {
  readonly signal?: AbortSignal | undefined;
  /** Asked before each forward pass, so that strengths can change from token to token. */
  readonly intervention?: (point: ForwardPoint) => Intervention | undefined;
  /** Heads that are knocked out in every pass, guidance's included, `[layers × heads]`; see `ForwardRequest`. */
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

/** What the row that chooses the next token says, and its shares. */
export interface ChoosingRow {
  /** `[vocab]`; empty where candidates were asked for. */
  readonly logits: Float32Array;
  readonly candidates?: Candidates;
  readonly shares: RowShares;
  readonly intervention: Intervention | null;
}

/** Forward passes of an answer, with the book that is kept of them. */
export interface Passes {
  append(tokens: readonly number[]): Promise<void>;
  choosing(id: number, sampled: number): Promise<ChoosingRow>;
  /** @throws HoldfastError `E_UNTOUCHED`, unless the generation was cut short */
  receipt(cutShort: boolean): Receipt | null;
}

/**
 * Forward passes under the options' intervention.
 * @param wanted what of a choosing row the sampler draws from; null: its logits
 */
export function createPasses(
  session: Session,
  { intervention: interventionAt, spans: spansAt, silenced, signal }: PassOptions,
  wanted: CandidateRequest | null,
): Passes {
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
      logits: choosing ? (wanted ?? 'last') : 'none',
      intervention: intervention ?? undefined,
      spans: ranges ?? undefined,
      silenced,
      signal,
    });
    if (intervention !== null) {
      const { before, after } = result.targetShares!;
      intervened = true;
      book.add({ strengths: intervention, before, after });
      latest = lastRow(before, tokens.length);
    }
    return { result, intervention, ranges };
  }

  return {
    async append(tokens) {
      await forward(tokens, 0, false);
    },
    async choosing(id, sampled) {
      const { result, intervention, ranges } = await forward([id], sampled, true);
      const { logits, candidates } = result;
      return {
        logits,
        ...(candidates ? { candidates } : {}),
        shares: rowShares(result, ranges),
        intervention,
      };
    },
    receipt(cutShort) {
      if (!intervened) return null;
      return cutShort ? book.soFar() : book.receipt();
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
