/**
 * What is measured, seen from the benchmark: one model, one sequence, tokens in, the likeliest next token out.
 * Each runtime has one file that makes itself one of these; nothing else knows the runtimes apart.
 */
export interface Subject {
  /** The runtime's version and the settings that matter, for the JSON. */
  readonly about: Record<string, unknown>;
  /** Appends the tokens to the sequence; answers with the greedy next token. */
  feed(tokens: readonly number[]): Promise<number>;
  /** Forgets the whole sequence; the next `feed` starts at position 0. */
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
  /** Peer: the graphics library; none if not said. */
  readonly gpu?: 'cuda';
  /** Ours: `cpu` if not said. */
  readonly executor?: 'cpu' | 'gpu';
  /** Ours: fetch every span's share of every new row. */
  readonly measured?: boolean;
  /** Ours: k of split-softmax on the system prefix. */
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

/** What the child process is asked to do. */
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
  /** Lengths of the cache at which single-token steps are timed, ascending. */
  readonly decodeAt: readonly number[];
  readonly decodeSteps: number;
}

/** One child's samples, by metric; see `metrics.mjs`. */
export type Samples = Record<string, number[]>;

export interface RoundResult {
  readonly about: Record<string, unknown>;
  readonly samples: Samples;
  /** Greedy next token after every timed decode step, in order. */
  readonly greedy: readonly number[];
}

export interface Summary {
  readonly median: number;
  readonly p10: number;
  readonly count: number;
}
