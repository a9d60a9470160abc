import type { Blueprint } from '../../architectures/index.js';
import type { Policy, TokenRange } from '../../attention/index.js';

/**
 * What every executor does, and all that callers may rely on. Buffers in results belong to the caller.
 * Positions and ranges are absolute token indices in the sequence.
 */
export interface Executor {
  /** Which implementation this is; written into every result file. */
  readonly name: 'reference' | 'cpu' | 'gpu';
  readonly blueprint: Blueprint;
  /** What became of the weights, for people and result files, e.g. `f32` or `q4+offsets, q8`. */
  readonly precision: string;
  /**
   * Opens an empty sequence (a cache the executor owns) of at most `contextLength` tokens. Where a model's rope depends on
   * the context (LongRoPE, dynamic), it is that of this length throughout.
   * @throws HoldfastError `E_EXECUTOR` when that is no number of tokens there is room for
   */
  open(contextLength: number): Sequence;
  /**
   * Appends each request's tokens to its sequence and returns one result per request, in order. However short the calls
   * are and however many follow each other, timers, input and the signal have their turn at least every tenth of a second,
   * as far as one pass allows.
   * @throws HoldfastError `E_TOKEN_RANGE` (id outside the vocabulary, empty request), `E_CONTEXT_FULL`,
   * `E_TARGET`, `E_STRENGTH` (numbers for other heads than the model has), `E_DISPOSED`, `E_ABORTED`, `E_BUSY` (the sequence is in use, or named twice), `E_EXECUTOR`. Whatever
   * fails, all sequences of the call are as they were.
   */
  forward(requests: readonly ForwardRequest[], options?: { signal?: AbortSignal }): Promise<ForwardResult[]>;
  /** Forwards a request and times its kernels; undefined where nobody times them, which is everywhere but on `gpu`. */
  readonly profile?: ProfileKernels;
  /** Shows its operations one by one; absent where they are not run so. */
  readonly observe?: ObserveOperations;
  dispose(): Promise<void>;
}

/**
 * Forwards a request as {@link Executor.forward} does, and shows what each operation comes to, for one token after the
 * other and in the order in which they are computed: `hidden.I`, as the taps have it, and `layers.I.` followed by the weight
 * that is applied (`attentionNorm`, `query`, `queryNorm`, …), `queryRotated`, `keyRotated`, `heads` (attention's output before
 * its projection, `[heads × headDim]`) or `gated` (what the MLP's last matrix reads).
 * @throws HoldfastError as it does
 */
export type ObserveOperations = (
  request: ForwardRequest,
  observer: OperationObserver,
) => Promise<ForwardResult>;

/** @param values the operation's own, which are written over afterwards: to be read at once */
export type OperationObserver = (operation: string, values: Float64Array) => void;

/**
 * Forwards a request as {@link Executor.forward} does, its tokens being appended too, and says how long each kernel took
 * by the device's own clock. It is one sample, of a device as warm as it happens to be. Every dispatch stands alone so
 * that it can be timed: the pass takes longer than one that is not profiled, and what it comes to is no cost of a token.
 * @throws HoldfastError as it does, and `E_UNSUPPORTED` where the device has no clock for it; the sequence is as it was then
 */
export type ProfileKernels = (request: ForwardRequest) => Promise<Profile>;

/** The time of each kernel of one forward pass. */
export interface Profile {
  /** In the order in which they are first run. */
  readonly kernels: readonly KernelTime[];
  /**
   * Bytes a second that the device reads from its memory where it does nothing else; measured before the first profile
   * on a device, and kept.
   */
  readonly bandwidth: number;
}

/** All dispatches of a kernel for a request. */
export interface KernelTime {
  readonly kernel: string;
  readonly dispatches: number;
  /** Milliseconds of all of them together. */
  readonly ms: number;
  /**
   * Of the weights and the cache that its dispatches read, each byte once a dispatch: the least that has to come from
   * memory. A kernel comes back to a weight for every tile of rows, and to a key for every head and row that sees it;
   * what caches do not hold till then is read again. Activations are not counted; 0: it reads nothing else.
   */
  readonly bytes: number;
}

/** One dialogue's cache. */
export interface Sequence {
  /** Tokens in the cache. */
  readonly length: number;
  readonly contextLength: number;
  /** Forgets everything from token `length` on. A rewind leaves no trace. */
  truncate(length: number): void;
  dispose(): void;
}

/** What to do to the target's share, and where. */
export interface Intervention {
  /** Disjoint ascending ranges; their union is the target. Tokens not yet in the sequence are allowed. */
  readonly target: readonly TokenRange[];
  readonly policy: Policy;
  /** The policy's strength, `[layers, heads]`, already checked by `attention`. */
  readonly strength: Float32Array;
}

/** New tokens of one sequence, and what is wanted of their forward pass. */
export interface ForwardRequest {
  readonly sequence: Sequence;
  readonly tokens: readonly number[] | Int32Array;
  /** Which rows of logits are wanted; or of the last row only what a token is drawn from. */
  readonly logits: 'last' | 'all' | 'none' | CandidateRequest;
  readonly intervention?: Intervention;
  /**
   * Disjoint ascending ranges whose shares are wanted. Usually a partition of the sequence; keys outside every
   * range are simply not reported.
   */
  readonly spans?: readonly TokenRange[];
  /**
   * Heads whose output is knocked out, `[layers, heads]`, 1 for those: it is times 0 before the output projection. What
   * such a head attends to is still measured, tapped and changed.
   */
  readonly silenced?: Uint8Array;
  readonly taps?: {
    /** Layers whose attention rows are wanted. */
    readonly attention?: readonly number[];
    /** Hidden states wanted: i < layers is the input of layer i, `layers` is the state after the final norm. */
    readonly hidden?: readonly number[];
  };
}

/** What a forward pass returns for one {@link ForwardRequest}. */
export interface ForwardResult {
  /** `[rows, vocab]`, rows 1 (`last`), new tokens (`all`) or 0. */
  readonly logits: Float32Array;
  /** Of the last row. Present iff candidates were asked for. */
  readonly candidates?: Candidates;
  /** Share of each span, before and after the policy: `[layers, heads, new tokens, spans]`. Present iff spans were given. */
  readonly spanShares?: { readonly before: Float32Array; readonly after: Float32Array };
  /**
   * Share of the target: `[layers, heads, new tokens]`. Where the policy left a share as it was, both are the same number.
   * Present iff an intervention was given.
   */
  readonly targetShares?: { readonly before: Float32Array; readonly after: Float32Array };
  /** Layer → `[heads, new tokens, all tokens]`, as used, after the policy; unseen keys are 0. */
  readonly attention: ReadonlyMap<number, Float32Array>;
  /** Index → `[new tokens, hidden]`. */
  readonly hidden: ReadonlyMap<number, Float32Array>;
}

/** What the next token may be drawn from: the most probable tokens of a row, as far down as a draw can reach. */
export interface CandidateRequest {
  /** Logits are divided by it; 0 is greedy: the most probable token alone. */
  readonly temperature: number;
  /** Only the k most probable tokens; 0: all. */
  readonly topK: number;
  /** Only the smallest set of most probable tokens that has this much of the probability that top-k left. */
  readonly topP: number;
  /** Only tokens with at least this part of the most probable one's probability. */
  readonly minP: number;
  /** Candidates wanted at least, whatever the draw can reach. */
  readonly least: number;
}

/** A row's most probable tokens. */
export interface Candidates {
  /** Most probable first, of equals the lowest id: all that the draw can reach, or more. */
  readonly ids: readonly number[];
  /** Of each. */
  readonly logits: Float32Array;
  /** log Σ e^logit of the whole vocabulary: a logit minus it is a log probability. NaN or infinite where the row is. */
  readonly normaliser: number;
  /** Σ e^((logit − best) / temperature) of what top-k left; 0 at temperature 0. */
  readonly total: number;
}
