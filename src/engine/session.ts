import type { Blueprint } from '../architectures/index.js';
import { isIdentity, type TokenRange } from '../attention/index.js';
import { HoldfastError } from '../errors.js';
import {
  checkTokens,
  type Executor,
  type ForwardRequest,
  type ForwardResult,
  type Intervention,
  type Sequence,
} from '../executors/index.js';

/** How a session is opened. */
export interface SessionOptions {
  /**
   * Tokens that the session can hold. Default: the model's context length, up to 8192 and LongRoPE's original length.
   */
  readonly contextLength?: number;
}

/** Options of a forward pass; see {@link ForwardRequest}. */
export interface AdvanceOptions {
  /** Default: `last`. */
  readonly logits?: ForwardRequest['logits'];
  readonly intervention?: Intervention | undefined;
  readonly spans?: readonly TokenRange[] | undefined;
  readonly silenced?: ForwardRequest['silenced'] | undefined;
  readonly taps?: ForwardRequest['taps'];
  readonly signal?: AbortSignal | undefined;
}

/** What a session computed for a prompt, and how much of it was in the cache. */
export interface PrefillResult {
  /** The result for the forwarded tokens, `ids.slice(reused)`. */
  readonly result: ForwardResult;
  /** Tokens at the front that were already in the cache. */
  readonly reused: number;
}

/** The longest default context: the cache grows with it, and few dialogues need more. */
const DEFAULT_CONTEXT_LENGTH = 8192;

/**
 * Returns a model's default context length. Beyond LongRoPE's original length, even a short dialogue is rotated by the
 * long factors, so such a context must be requested explicitly (decision 0008).
 */
export function defaultContextLength({ contextLength, layers }: Blueprint): number {
  const originals = layers.flatMap(({ attention: { rope } }) =>
    rope?.scaling?.type === 'longrope' ? [rope.scaling.originalContextLength] : [],
  );
  return Math.min(contextLength, DEFAULT_CONTEXT_LENGTH, ...originals);
}

/**
 * One dialogue's tokens and their cache on an executor. Both always have the same length: a pass that fails or is
 * aborted leaves them unchanged.
 *
 * Cached keys and values depend on the intervention under which they were computed: they follow from hidden states,
 * and those from the attention of the layers below. So the same tokens have a different cache under another strength.
 * Reuse does not recompute: in a dialogue with a schedule, each turn keeps its own strength. To compute the whole
 * history under another strength, rewind to 0 first; to compute it without an intervention, rewind to `cleanLength`. The
 * same holds for silenced heads.
 */
export class Session {
  readonly contextLength: number;
  readonly #sequence: Sequence;
  readonly #tokens: number[] = [];
  #cleanLength = 0;
  /** The heads that were silenced while the clean tokens were computed; null for none. */
  #silenced: Uint8Array | null = null;
  /** The token at which the current branch began. A branch cannot rewind below it: the tokens could not be restored. */
  #branchStart = 0;
  /** Aborts the running pass; null if none is running. */
  #pass: AbortController | null = null;
  /** Tokens that the running pass forwards; null if none is running. */
  #passTokens: number | null = null;
  #disposed = false;

  /**
   * @param sequence for {@link fork}: a sequence of the executor, which the session owns from now on; default: a new one
   * @throws HoldfastError `E_CONTEXT_FULL` if the context length is not in the model's range
   */
  constructor(
    readonly executor: Executor,
    options: SessionOptions = {},
    sequence?: Sequence,
  ) {
    const longest = executor.blueprint.contextLength;
    this.contextLength = options.contextLength ?? defaultContextLength(executor.blueprint);
    if (!Number.isInteger(this.contextLength) || this.contextLength < 1 || this.contextLength > longest) {
      throw new HoldfastError(
        'E_CONTEXT_FULL',
        `this model takes a context length from 1 to ${longest}, not ${this.contextLength}`,
        { field: 'contextLength' },
      );
    }
    this.#sequence = sequence ?? executor.open(this.contextLength);
  }

  /** The tokens in the cache, oldest first; a live view. */
  get tokens(): readonly number[] {
    return this.#tokens;
  }

  get length(): number {
    return this.#tokens.length;
  }

  /**
   * Leading tokens whose keys and values are those of the untouched model: they and all tokens before them were computed
   * without silenced heads, and without an intervention or at a strength that changes nothing.
   */
  get cleanLength(): number {
    return this.cleanLengthUnder(undefined);
  }

  /**
   * Returns the number of leading tokens that were computed without an intervention, or at a strength that changes nothing,
   * and with exactly these heads silenced.
   * @param silenced `[layers × heads]`, 1 for a silenced head; undefined for none
   */
  cleanLengthUnder(silenced: Uint8Array | undefined): number {
    return isSameMask(maskOf(silenced), this.#silenced) ? this.#cleanLength : 0;
  }

  /** How far the running pass is, in tokens; null if none is running. Executors that forward a pass at once stay at 0. */
  get progress(): { readonly done: number; readonly total: number } | null {
    return this.#passTokens === null
      ? null
      : { done: this.#sequence.length - this.length, total: this.#passTokens };
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * Appends tokens and forwards them.
   * @throws HoldfastError what {@link Executor.forward} throws; `E_BUSY` while another pass is running; `E_DISPOSED` if
   * the session has been disposed of, or is during the pass
   */
  async advance(
    tokens: readonly number[],
    { logits = 'last', intervention, spans, silenced, taps, signal }: AdvanceOptions = {},
  ): Promise<ForwardResult> {
    this.#assertFree();
    const count = countOf(tokens);
    const pass = new AbortController();
    const abort = (): void => pass.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    this.#pass = pass;
    this.#passTokens = count;
    try {
      const request: ForwardRequest = {
        sequence: this.#sequence,
        tokens,
        logits,
        ...(intervention ? { intervention } : {}),
        ...(spans ? { spans } : {}),
        ...(silenced ? { silenced } : {}),
        ...(taps ? { taps } : {}),
      };
      const [result] = await this.executor.forward([request], { signal: pass.signal });
      this.#assertUsable();
      const mask = maskOf(silenced);
      if (this.length === 0) this.#silenced = mask;
      const isClean =
        this.#cleanLength === this.length && leavesShares(intervention) && isSameMask(mask, this.#silenced);
      for (const id of tokens) this.#tokens.push(id);
      if (isClean) this.#cleanLength = this.length;
      return result!;
    } catch (error) {
      this.#assertUsable();
      this.#sequence.truncate(this.#tokens.length);
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#pass = null;
      this.#passTokens = null;
      if (this.#disposed) this.#sequence.dispose();
    }
  }

  /**
   * Rewinds to the longest common prefix of the session and `ids`. The last id never counts as common: it must be
   * forwarded, so that there are logits after it.
   * @returns the length of that prefix
   * @throws HoldfastError `E_TOKEN_RANGE` or `E_CONTEXT_FULL` for ids that the session cannot hold, without changing
   * it; and what {@link rewind} throws
   */
  reuse(ids: readonly number[]): number {
    this.rewind(this.commonLength(ids));
    return this.length;
  }

  /**
   * Returns the length of the longest common prefix of the session and `ids`, without the last id; see {@link reuse}.
   * @throws HoldfastError `E_TOKEN_RANGE` or `E_CONTEXT_FULL` for ids that the session cannot hold
   */
  commonLength(ids: readonly number[]): number {
    checkTokens(ids, ids.length, this.contextLength, this.executor.blueprint);
    const most = Math.min(this.length, ids.length - 1);
    let common = 0;
    while (common < most && this.#tokens[common] === ids[common]) common++;
    return common;
  }

  /**
   * Makes the session hold exactly `ids`, forwarding only those after the common prefix. If the pass fails or is
   * aborted, the session holds the common prefix.
   * @throws HoldfastError what {@link reuse} and {@link advance} throw
   */
  async prefill(ids: readonly number[], options: AdvanceOptions = {}): Promise<PrefillResult> {
    const reused = this.reuse(ids);
    return { result: await this.advance(ids.slice(reused), options), reused };
  }

  /**
   * Drops everything from token `length` on, without a trace.
   * @throws HoldfastError `E_TOKEN_RANGE` if the length is greater than the session's, or smaller than its branch's
   * start
   */
  rewind(length: number): void {
    this.#assertFree();
    if (!Number.isInteger(length) || length < this.#branchStart || length > this.length) {
      throw new HoldfastError(
        'E_TOKEN_RANGE',
        `a session of ${this.length} tokens${this.#branchStart > 0 ? `, in a branch from ${this.#branchStart},` : ''} cannot rewind to ${length}`,
      );
    }
    this.#sequence.truncate(length);
    this.#tokens.length = length;
    this.#cleanLength = Math.min(this.#cleanLength, length);
  }

  /**
   * Runs a probe on this session, then rewinds to the state before, also if the probe throws; but not if the probe
   * disposes of the session.
   */
  async branch<T>(probe: (session: Session) => Promise<T>): Promise<T> {
    const { length } = this;
    const outer = this.#branchStart;
    this.#branchStart = length;
    try {
      return await probe(this);
    } finally {
      if (!this.#disposed) this.rewind(length);
      this.#branchStart = outer;
    }
  }

  /**
   * Opens a second session that has the same tokens and a copy of their cache. It goes its own way: both can run at once, and
   * an executor that batches runs them together.
   * @throws HoldfastError `E_BUSY`, `E_DISPOSED`, and `E_EXECUTOR` if there is no memory for it
   */
  async fork(): Promise<Session> {
    this.#assertFree();
    // As they are now: the sequence may change as soon as it has been copied.
    const [tokens, cleanLength, silenced] = [[...this.#tokens], this.#cleanLength, this.#silenced];
    const sequence = await this.executor.copy(this.#sequence);
    const fork = new Session(this.executor, { contextLength: this.contextLength }, sequence);
    for (const id of tokens) fork.#tokens.push(id);
    fork.#cleanLength = cleanLength;
    fork.#silenced = silenced;
    return fork;
  }

  /**
   * Frees the cache, not the executor. A running pass is aborted with `E_DISPOSED`; the cache is freed when it ends.
   */
  dispose(): void {
    this.#disposed = true;
    this.#tokens.length = 0;
    this.#cleanLength = 0;
    if (this.#pass === null) this.#sequence.dispose();
    else this.#pass.abort();
  }

  #assertUsable(): void {
    if (this.#disposed) throw new HoldfastError('E_DISPOSED', 'the session has been disposed of');
  }

  #assertFree(): void {
    this.#assertUsable();
    if (this.#pass !== null) {
      throw new HoldfastError('E_BUSY', 'the session is in the middle of a forward pass', {
        hint: 'Await that pass, or open a second session: sessions share the weights',
      });
    }
  }
}

/** Returns the number of tokens. @throws HoldfastError `E_TOKEN_RANGE` for what is no list: JavaScript has no types */
function countOf(tokens: readonly number[]): number {
  const count: unknown = tokens?.length;
  if (typeof tokens === 'object' && typeof count === 'number') return count;
  throw new HoldfastError('E_TOKEN_RANGE', `tokens are a list of ids, not ${typeof tokens}`);
}

/** Returns whether a pass with this intervention computes the keys and values of one without. */
function leavesShares(intervention: Intervention | undefined): boolean {
  if (intervention === undefined) return true;
  const { policy, strength } = intervention;
  return policy === 'off' || strength.every((each) => isIdentity(policy, each));
}

/** Returns a copy of the marks of silenced heads; null if none is silenced. */
const maskOf = (silenced: Uint8Array | undefined): Uint8Array | null =>
  silenced?.includes(1) ? silenced.slice() : null;

const isSameMask = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === b || (a !== null && b !== null && a.every((mark, pair) => mark === b[pair]));
