import type { TokenRange } from '../attention/index.js';
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
  /** Tokens the session can hold. If not said, what the model was trained for, at most 8192, and not beyond LongRoPE's original length. */
  readonly contextLength?: number;
}

/** What a forward pass is asked for besides its tokens; see {@link ForwardRequest}. */
export interface AdvanceOptions {
  /** `last` if not said. */
  readonly logits?: ForwardRequest['logits'];
  readonly intervention?: Intervention | undefined;
  readonly spans?: readonly TokenRange[] | undefined;
  readonly silenced?: ForwardRequest['silenced'] | undefined;
  readonly taps?: ForwardRequest['taps'];
  readonly signal?: AbortSignal | undefined;
}

/** What a session computed for a prompt, and how much of it was in the cache. */
export interface PrefillResult {
  /** Of the tokens that were forwarded, `ids.slice(reused)`. */
  readonly result: ForwardResult;
  /** Tokens at the front that the session already held. */
  readonly reused: number;
}

/** The longest context taken without being asked for: a cache grows with it, and few dialogues need more. */
const DEFAULT_CONTEXT_LENGTH = 8192;

/** Beyond LongRoPE's original length a short dialogue is turned by long factors: that has to be asked for (decision 0008). */
function defaultContextLength({ blueprint: { contextLength, layers } }: Executor): number {
  const originals = layers.flatMap(({ attention: { rope } }) =>
    rope?.scaling?.type === 'longrope' ? [rope.scaling.originalContextLength] : [],
  );
  return Math.min(contextLength, DEFAULT_CONTEXT_LENGTH, ...originals);
}

/**
 * One dialogue's tokens and its cache on an executor, always of the same length: a pass that fails or is aborted
 * leaves both as they were.
 *
 * What is cached was computed under the intervention of its day. Keys and values follow from hidden states, and
 * those from the attention of the layers below, so a prefix under one strength is not the same cache as the same
 * tokens under another. Reuse keeps what was computed when it was computed: in a dialogue with a schedule, each turn
 * keeps its own strength. A caller who wants the whole history under another strength rewinds to 0 first.
 */
export class Session {
  readonly contextLength: number;
  readonly #sequence: Sequence;
  readonly #tokens: number[] = [];
  /** A branch does not rewind below the token it began at: what it cuts off there could not be put back. */
  #branchStart = 0;
  /** Ends the pass that is under way; null while there is none. */
  #pass: AbortController | null = null;
  #disposed = false;

  /** @throws HoldfastError `E_CONTEXT_FULL` for a context length that the model does not have. */
  constructor(
    readonly executor: Executor,
    options: SessionOptions = {},
  ) {
    const longest = executor.blueprint.contextLength;
    this.contextLength = options.contextLength ?? defaultContextLength(executor);
    if (!Number.isInteger(this.contextLength) || this.contextLength < 1 || this.contextLength > longest) {
      throw new HoldfastError(
        'E_CONTEXT_FULL',
        `this model takes a context length from 1 to ${longest}, not ${this.contextLength}`,
        { field: 'contextLength' },
      );
    }
    this.#sequence = executor.open(this.contextLength);
  }

  /** The tokens in the cache, oldest first; a live view. */
  get tokens(): readonly number[] {
    return this.#tokens;
  }

  get length(): number {
    return this.#tokens.length;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * Appends tokens.
   * @throws HoldfastError what {@link Executor.forward} throws; `E_BUSY` while another pass is under way; `E_DISPOSED`
   * when the session is, or comes to be meanwhile
   */
  async advance(
    tokens: readonly number[],
    { logits = 'last', intervention, spans, silenced, taps, signal }: AdvanceOptions = {},
  ): Promise<ForwardResult> {
    this.#assertFree();
    const pass = new AbortController();
    const abort = (): void => pass.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    this.#pass = pass;
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
      for (const id of tokens) this.#tokens.push(id);
      return result!;
    } catch (error) {
      this.#assertUsable();
      this.#sequence.truncate(this.#tokens.length);
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#pass = null;
      if (this.#disposed) this.#sequence.dispose();
    }
  }

  /**
   * Rewinds to the longest prefix that the session and `ids` have in common, short of the last id: that one is always
   * left to forward, so that there are logits after it.
   * @returns the length of that prefix
   * @throws HoldfastError `E_TOKEN_RANGE` or `E_CONTEXT_FULL` for ids that the session could not hold, which leave it as
   * it was; and as {@link rewind}
   */
  reuse(ids: readonly number[]): number {
    // What the executor would refuse is refused before anything is forgotten for it.
    checkTokens(ids, ids.length, this.contextLength, this.executor.blueprint);
    const most = Math.min(this.length, ids.length - 1);
    let common = 0;
    while (common < most && this.#tokens[common] === ids[common]) common++;
    this.rewind(Math.max(0, common));
    return this.length;
  }

  /**
   * Makes the session hold exactly `ids`, forwarding only what it does not hold. Aborted or failed in the pass, it
   * holds the common prefix.
   * @throws HoldfastError as {@link reuse} and {@link advance}
   */
  async prefill(ids: readonly number[], options: AdvanceOptions = {}): Promise<PrefillResult> {
    const reused = this.reuse(ids);
    return { result: await this.advance(ids.slice(reused), options), reused };
  }

  /**
   * Forgets everything from token `length` on, without a trace.
   * @throws HoldfastError `E_TOKEN_RANGE` for a length the session does not have, or one from before its branch
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
  }

  /**
   * Runs a probe on this session and comes back to where it was, also when the probe throws; not when it disposes of
   * the session.
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
   * Lets the cache go; the executor lives on. A pass that is under way is ended with `E_DISPOSED`, and the cache goes
   * when it has ended.
   */
  dispose(): void {
    this.#disposed = true;
    this.#tokens.length = 0;
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
        hint: 'Await the one under way, or open a second session: sessions share the weights',
      });
    }
  }
}
