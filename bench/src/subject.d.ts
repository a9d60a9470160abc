/**
 * A runtime under measurement: one model, some sequences, tokens in, the most likely next tokens out. Each runtime
 * implements it in one file; the rest of the benchmark does not distinguish runtimes.
 */
export interface Subject {
  /** The runtime's version and the settings that matter, for the JSON. */
  readonly about: Record<string, unknown>;
  /**
   * Appends each input's tokens to its sequence and returns the greedy next token of each, in order. A runtime that can
   * compute several sequences as one batch does so.
   *
   * @param inputs at most one for a sequence
   */
  feed(inputs: readonly Input[]): Promise<readonly number[]>;
  /** Clears all sequences; the next `feed` starts at position 0. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** New tokens of one sequence. */
export interface Input {
  /** Which of the subject's sequences, from 0. */
  readonly sequence: number;
  readonly tokens: readonly number[];
}

/** Opens the model and its sequences, each for `contextLength` tokens. The promise settles when all are ready. */
export type OpenSubject = (settings: SubjectSettings) => Promise<Subject>;

export interface SubjectSettings {
  /** Absolute path of the GGUF file. */
  readonly model: string;
  readonly threads: number;
  readonly sequences: number;
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

/** A job for a child process: one workload, for one subject or for several in turns. */
export interface Job {
  readonly model: string;
  readonly threads: number;
  readonly subjects: readonly Pick<SubjectEntry, 'module' | 'variant'>[];
  readonly workload: Workload;
  readonly pace: Pace;
}

/** What a process does: it fills its sequences, then decodes single tokens. */
export interface Workload {
  readonly id: string;
  readonly sequences: number;
  /** The timed prefill, of at most `decodeAt` tokens; null for a workload that times none. */
  readonly prefill: { readonly tokens: number; readonly repeats: number } | null;
  /** Length of each sequence when decoding begins. */
  readonly decodeAt: number;
  /** How many sequences decode together, ascending; each number is timed in turn. */
  readonly batches: readonly number[];
}

/** How many decode steps a process times. */
export interface Pace {
  /** Turns in which each subject of the process decodes. */
  readonly turns: number;
  /** Untimed steps that begin a turn: they warm up caches, clocks and compilers for every subject. */
  readonly warmSteps: number;
  /** Timed steps of a turn. */
  readonly timedSteps: number;
}

/** Samples of one subject, by name: `readyMs`, `firstTokenMs`, `prefillMs`, `stepMs@BATCH`, `peakMiB`. */
export type Samples = Record<string, number[]>;

export interface Result {
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
