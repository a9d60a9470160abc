import type { Blueprint } from '../../architectures/index.js';
import type { Policy, TokenRange } from '../../attention/index.js';

/**
 * The contract of every executor; callers rely on nothing else. Buffers in results belong to the caller.
 * Positions and ranges are absolute token indices in the sequence.
 */
export interface Executor {
  /** The implementation, as the registry names it; written into every result file. */
  readonly name: string;
  readonly blueprint: Blueprint;
  /** The forms in which the weights are held, and the cache if it is not f32: `f32`, `q4_0+offsets, q8_0; cache f16`. */
  readonly precision: string;
  /**
   * What it runs on, if results can differ in their last bits by it: ggml's library for this processor, such as `zen4`, or
   * ggml's name of the device.
   */
  readonly device?: string;
  /**
   * Opens an empty sequence, a cache that the executor owns, for up to `contextLength` tokens. If a model's rope
   * depends on the context length (LongRoPE, dynamic), the whole sequence uses the rope for this length.
   * @throws HoldfastError `E_EXECUTOR` if `contextLength` is not a positive whole number, or there is no memory for it
   */
  open(contextLength: number): Sequence;
  /**
   * Opens a sequence with the context length and, bit for bit, the cache of another, in memory of its own. Neither changes with the
   * other from then on.
   * @throws HoldfastError `E_BUSY` if the sequence is in use; `E_DISPOSED`; `E_EXECUTOR` if it belongs to another executor, or
   * there is no memory for it
   */
  copy(sequence: Sequence): Promise<Sequence>;
  /**
   * Appends each request's tokens to its sequence and returns one result per request, in order. Yields to timers, input
   * and the signal at least every 0.1 s (or after one pass, if that takes longer), also across many short calls.
   * @throws HoldfastError `E_TOKEN_RANGE` (an id outside the vocabulary, or an empty request), `E_CONTEXT_FULL`,
   * `E_TARGET`, `E_STRENGTH` (not one number per head), `E_DISPOSED`, `E_ABORTED`, `E_BUSY` (the sequence is in use, or
   * named twice), `E_EXECUTOR`. After any error, all sequences of the call are unchanged.
   */
  forward(requests: readonly ForwardRequest[], options?: { signal?: AbortSignal }): Promise<ForwardResult[]>;
  /** Forwards a request and times its kernels; only on `gpu`. */
  readonly profile?: ProfileKernels;
  /** Forwards a request and reports each operation; only on executors that run operations one by one. */
  readonly observe?: ObserveOperations;
  dispose(): Promise<void>;
}

/**
 * Forwards a request as {@link Executor.forward} does, and reports the result of each operation, token by token in the
 * order of computation. The names are `hidden.I`, the hidden state of the taps, and `layers.I.` followed by the weight
 * that is applied (`attentionNorm`, `query`, `queryNorm`, …), `queryRotated`, `keyRotated`, `heads` (attention's output
 * before its projection, `[heads × headDim]`) or `gated` (the input of the MLP's last matrix).
 * @throws HoldfastError what {@link Executor.forward} throws
 */
export type ObserveOperations = (
  request: ForwardRequest,
  observer: OperationObserver,
) => Promise<ForwardResult>;

/** Receives the result of an operation. @param values a buffer that is reused after the call: copy what you keep */
export type OperationObserver = (operation: string, values: Float64Array) => void;

/**
 * Forwards a request as {@link Executor.forward} does, also appending its tokens, and times each kernel by the device's
 * own clock. This is a single sample, without a warm-up. Every dispatch runs alone so that it can be timed, so a
 * profiled pass takes longer than a normal one: its total is not the cost of a token.
 * @throws HoldfastError what {@link Executor.forward} throws, and `E_UNSUPPORTED` if the device cannot time dispatches;
 * the sequence is then unchanged
 */
export type ProfileKernels = (request: ForwardRequest) => Promise<Profile>;

/** The time of each kernel of one forward pass. */
export interface Profile {
  /** The kernels, in the order in which they first run. */
  readonly kernels: readonly KernelTime[];
  /**
   * The device's memory bandwidth in bytes per second when it does nothing but read; measured once per device, before
   * its first profile.
   */
  readonly bandwidth: number;
}

/** All dispatches of a kernel for a request. */
export interface KernelTime {
  readonly kernel: string;
  readonly dispatches: number;
  /** Their total time in milliseconds. */
  readonly ms: number;
  /**
   * Bytes of weights and cache that the dispatches read, counting each byte once per dispatch: a lower bound of the
   * memory traffic. A kernel reads a weight again for every tile of rows, and a key for every head and row that sees
   * it; such repeated reads reach the memory unless a hardware cache still holds the data. Activations are not counted,
   * so a kernel that reads only activations has 0.
   */
  readonly bytes: number;
}

/** One dialogue's cache. */
export interface Sequence {
  /** Tokens in the cache. */
  readonly length: number;
  readonly contextLength: number;
  /**
   * Drops everything from token `length` on. A rewind leaves no trace.
   * @throws HoldfastError `E_TOKEN_RANGE` if the length is not a whole number; `E_BUSY` during a forward pass or a copy
   */
  truncate(length: number): void;
  dispose(): void;
}

/** A change to the target's share in every layer and head. */
export interface Intervention {
  /** Disjoint ascending ranges; their union is the target. Tokens not yet in the sequence are allowed. */
  readonly target: readonly TokenRange[];
  readonly policy: Policy;
  /** The policy's strength, `[layers, heads]`, already checked by `attention`. */
  readonly strength: Float32Array;
}

/** New tokens of one sequence, and the results wanted from their forward pass. */
export interface ForwardRequest {
  readonly sequence: Sequence;
  readonly tokens: readonly number[] | Int32Array;
  /** The rows of logits that are wanted, or the last row's candidates instead. */
  readonly logits: 'last' | 'all' | 'none' | CandidateRequest;
  readonly intervention?: Intervention;
  /**
   * Disjoint ascending ranges whose shares are wanted, usually a partition of the sequence. Keys outside every range
   * are not reported.
   */
  readonly spans?: readonly TokenRange[];
  /**
   * Heads to knock out, `[layers, heads]`, 1 for those: their output is multiplied by 0 before the output projection.
   * Their attention is still measured, tapped and changed.
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
  /** The last row's candidates. Present iff they were requested. */
  readonly candidates?: Candidates;
  /** Shares of the spans before and after the policy, `[layers, heads, new tokens, spans]`. Present iff spans given. */
  readonly spanShares?: { readonly before: Float32Array; readonly after: Float32Array };
  /**
   * Share of the target before and after the policy, `[layers, heads, new tokens]`: the same number if the policy did
   * not change it. Present iff an intervention was given.
   */
  readonly targetShares?: { readonly before: Float32Array; readonly after: Float32Array };
  /**
   * Layer → attention weights after the policy, `[heads, new tokens, all tokens]`; keys that a row cannot see are 0.
   */
  readonly attention: ReadonlyMap<number, Float32Array>;
  /** Index → hidden states, `[new tokens, hidden]`. */
  readonly hidden: ReadonlyMap<number, Float32Array>;
}

/** Asks for a row's candidates: the most probable tokens, including all that a draw with these settings can reach. */
export interface CandidateRequest {
  /** Divides the logits; 0 is greedy: only the most probable token. */
  readonly temperature: number;
  /** Keeps only the k most probable tokens; 0 keeps all. */
  readonly topK: number;
  /** Keeps the smallest set of most probable tokens with this fraction of the probability left by top-k. */
  readonly topP: number;
  /** Keeps only tokens with at least this fraction of the highest probability. */
  readonly minP: number;
  /** The minimum number of candidates, even if a draw reaches fewer. */
  readonly least: number;
}

/** A row's most probable tokens. */
export interface Candidates {
  /** Ids, most probable first, the lower id first among equals: all that the draw can reach, or more. */
  readonly ids: readonly number[];
  /** Their logits. */
  readonly logits: Float32Array;
  /** log Σ e^logit over the vocabulary: a logit minus it is a log probability. Not finite if a logit is NaN or +∞. */
  readonly normaliser: number;
  /** Σ e^((logit − best) / temperature) of the tokens left by top-k; 0 at temperature 0. */
  readonly total: number;
}
