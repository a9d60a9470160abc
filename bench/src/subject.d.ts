/**
 * A runtime under measurement: one model, one sequence, tokens in, the most likely next token out. Each runtime
 * implements it in one file; the rest of the benchmark does not distinguish runtimes.
 */
export interface Subject {
  /** The runtime's version and the settings that matter, for the JSON. */
  readonly about: Record<string, unknown>;
  /** Appends the tokens to the sequence and returns the greedy next token. */
  feed(tokens: readonly number[]): Promise<number>;
  /** Clears the sequence; the next `feed` starts at position 0. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the model and a sequence that can hold `contextLength` tokens. The promise settles when both are ready. */
export type OpenSubject = (settings: SubjectSettings) => Promise<Subject>;

export interface SubjectSettings {
  /** Absolute path of the GGUF file. */
  readonly model: string;
  readonly threads: number;
  readonly contextLength: number;
  /** The subject's own settings, from the table in `subjects.mjs`. */
  readonly variant: Variant;
}

export interface Variant {
  /** Peer: flash attention. */
  readonly flashAttention?: boolean;
  /** Peer: GPU library. Default: none. */
  readonly gpu?: 'cuda';
  /** Ours: executor. Default: `cpu`. */
  readonly executor?: 'cpu' | 'onnx' | 'gpu';
  /** Ours: measure every span's share in every new row. */
  readonly measured?: boolean;
  /** Ours: k of split-softmax on the prefix; 1 leaves the share alone, smaller is stronger. */
  readonly splitSoftmax?: number;
}

export interface SubjectEntry {
  readonly id: string;
  /** Column heading. */
  readonly title: string;
  readonly isPeer: boolean;
  /** Module that exports `open: OpenSubject`, relative to this folder. */
  readonly module: string;
  readonly variant: Variant;
}

/** A job for the child process. */
export interface Job {
  readonly module: string;
  readonly variant: Variant;
  readonly model: string;
  readonly threads: number;
  readonly workload: Workload;
}

export interface Workload {
  /** Tokens of the timed prefill. */
  readonly prefillTokens: number;
  readonly prefillRepeats: number;
  /** Cache lengths at which single-token steps are timed, ascending. */
  readonly decodeAt: readonly number[];
  readonly decodeSteps: number;
}

/** Samples of one child, by metric; see `metrics.mjs`. */
export type Samples = Record<string, number[]>;

export interface RoundResult {
  readonly about: Record<string, unknown>;
  readonly samples: Samples;
  /** Greedy next token of every timed decode step, in order. */
  readonly greedy: readonly number[];
}

export interface Summary {
  readonly median: number;
  readonly p10: number;
  readonly count: number;
}
