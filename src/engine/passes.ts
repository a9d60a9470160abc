import { type Receipt, ReceiptBook, type TokenRange } from '../attention/index.js';
import type { CandidateRequest, Candidates, ForwardResult, Intervention } from '../executors/index.js';
import { headGrid } from './model.js';
import type { Session } from './session.js';

/** The next forward pass. */
export interface ForwardPoint {
  /** The pass appends tokens `[start, end)`; `end` is the sequence's length after it. */
  readonly start: number;
  readonly end: number;
  /** Tokens of the answer sampled so far. */
  readonly sampled: number;
  /**
   * The target's share before the policy in the previous pass's last row, `[layers × heads]`; absent for the first
   * pass.
   */
  readonly shares?: Float32Array;
}

/** Options of all forward passes of an answer. */
export interface PassOptions {
  readonly signal?: AbortSignal | undefined;
  /** Returns the intervention. Called before each forward pass, so that strengths can change from token to token. */
  readonly intervention?: (point: ForwardPoint) => Intervention | undefined;
  /** Heads to knock out in every pass, including guidance's, `[layers × heads]`; see `ForwardRequest`. */
  readonly silenced?: Uint8Array | undefined;
  /** Returns the ranges whose shares are wanted. Called before each pass whose row chooses a token. */
  readonly spans?: (point: ForwardPoint) => readonly TokenRange[];
}

/** The shares of one query row, before and after the policy. */
export interface RowShares {
  /** `[layers × heads]`; null without an intervention. */
  readonly target: { readonly before: Float32Array; readonly after: Float32Array } | null;
  /** `[layers × heads, ranges]`; null if no spans were requested. */
  readonly spans: {
    readonly ranges: readonly TokenRange[];
    readonly before: Float32Array;
    readonly after: Float32Array;
  } | null;
}

/** The row that chooses the next token: its logits or candidates, and its shares. */
export interface ChoosingRow {
  /** `[vocab]`; empty if candidates were requested. */
  readonly logits: Float32Array;
  readonly candidates?: Candidates;
  readonly shares: RowShares;
  readonly intervention: Intervention | null;
}

/** The forward passes of an answer, and their receipt. */
export interface Passes {
  /** @param clean whether to leave out the intervention */
  append(tokens: readonly number[], clean: boolean): Promise<void>;
  choosing(id: number, sampled: number): Promise<ChoosingRow>;
  /** @throws HoldfastError `E_UNTOUCHED` if the intervention was not applied, unless the generation was cut short */
  receipt(cutShort: boolean): Receipt | null;
}

/**
 * Creates the forward passes of an answer.
 * @param wanted the candidates that the sampler draws from; null: all logits
 */
export function createPasses(
  session: Session,
  { intervention: interventionAt, spans: spansAt, silenced, signal }: PassOptions,
  wanted: CandidateRequest | null,
): Passes {
  const book = new ReceiptBook(headGrid(session.executor.blueprint));
  let intervened = false;
  let latest: Float32Array | undefined;

  async function forward(
    tokens: readonly number[],
    { sampled, choosing, clean }: { sampled: number; choosing: boolean; clean: boolean },
  ) {
    const point: ForwardPoint = {
      start: session.length,
      end: session.length + tokens.length,
      sampled,
      ...(latest ? { shares: latest } : {}),
    };
    const intervention = clean ? null : (interventionAt?.(point) ?? null);
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
      book.add({ strengths: intervention, target: intervention.target, start: point.start, before, after });
      latest = lastRow(before, tokens.length);
    }
    return { result, intervention, ranges };
  }

  return {
    async append(tokens, clean) {
      await forward(tokens, { sampled: 0, choosing: false, clean });
    },
    async choosing(id, sampled) {
      const { result, intervention, ranges } = await forward([id], { sampled, choosing: true, clean: false });
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
