/** A text that both runtimes continue. */
export interface Continuation {
  readonly name: string;
  /** The prompt's ids, then the greedy tokens that Holdfast chose. */
  readonly ids: readonly number[];
  readonly promptLength: number;
  /** Index of the token after which the first row was read. */
  readonly from: number;
  /** `[ids.length - 1 - from]` rows of logits `[vocabulary]`: row `i` follows token `from + i`. */
  readonly rows: readonly Float32Array[];
}

/** What a runtime reads a text as. */
export interface TokenisedText {
  readonly name: string;
  /** Control tokens in the text are words. */
  readonly asWords: readonly number[];
  /** Control tokens in the text are control tokens. */
  readonly asTemplate: readonly number[];
}

/** What llama.cpp reads a text as. */
export interface PeerText extends TokenisedText {
  /** The ids of the text in NFC, Unicode's composed form. */
  readonly composed: Omit<TokenisedText, 'name'>;
}

/** The ids of a text. */
export interface Named {
  readonly name: string;
  readonly ids: readonly number[];
}

export interface TokenisedChat extends Named {
  /** The chat as Holdfast's template writes it. */
  readonly text: string;
}

/** Everything that is read from Holdfast. */
export interface Ours {
  readonly architecture: string;
  readonly layers: number;
  readonly vocabSize: number;
  readonly texts: readonly TokenisedText[];
  readonly chats: readonly TokenisedChat[];
  /** Chats that the template refuses, and why. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
  readonly ends: Ends;
  readonly continuations: readonly Continuation[];
  /** Returns the text of a token. */
  readonly textOf: (id: number) => string;
}

/** The tokens at the ends of texts and answers. */
export interface Ends {
  readonly bos: number | null;
  readonly addsBos: boolean;
  /** Ids that end an answer, ascending. */
  readonly endOfTurn: readonly number[];
}

/** Everything that is read from llama.cpp in one setting. */
export interface PeerReading {
  /** The version of node-llama-cpp. */
  readonly version: string;
  /** The release of llama.cpp in it. */
  readonly release: string;
  readonly texts: readonly PeerText[];
  /** Texts of the tokens that llama.cpp takes for control tokens although the file says otherwise, or the reverse. */
  readonly retyped: readonly string[];
  readonly chats: readonly TokenisedChat[];
  readonly ends: Ends;
  /** The rows of each continuation, as in {@link Continuation.rows}. */
  readonly rows: readonly (readonly Float32Array[])[];
}

/** How llama.cpp runs. */
export interface PeerSetting {
  readonly id: 'exact' | 'stored';
  readonly title: string;
  readonly flashAttention: boolean | 'auto';
  readonly cacheType: 'F32' | 'F16';
  /** Tokens read at once after the prompt: 1 as in a chat. */
  readonly step: number;
}

/** A token that is among the most likely. */
export interface Candidate {
  readonly id: number;
  readonly logit: number;
}

/** A place where two runtimes choose different tokens after the same text. */
export interface Parting {
  readonly continuation: string;
  /** Number of the generated token, from 1. */
  readonly token: number;
  readonly ours: readonly Candidate[];
  readonly peer: readonly Candidate[];
  /** By how many logits each runtime prefers its own choice to the other's. */
  readonly gaps: { readonly ours: number; readonly peer: number };
  /** The largest change of a gap at earlier positions of the same text. */
  readonly bound: number;
  /**
   * `near tie`: the gaps differ by no more than the bound. `own rounding`: they do, but llama.cpp from its F32 copy
   * chooses as Holdfast.
   */
  readonly verdict: 'near tie' | 'own rounding' | 'real difference';
}

/** How far the logits of two runtimes are apart over all rows. */
export interface Distance {
  readonly rms: number;
  readonly largest: number;
}

/** A set of texts whose ids were compared. */
export interface IdComparison {
  readonly title: string;
  readonly total: number;
  readonly differing: readonly {
    readonly name: string;
    readonly ours: readonly number[];
    readonly peer: readonly number[];
    /** Why llama.cpp has other ids than the model's own tokenizer; null if that is not known. */
    readonly explanation: string | null;
  }[];
}

/** Greedy continuations beside one setting of llama.cpp. */
export interface RunComparison {
  readonly setting: PeerSetting;
  readonly continuations: number;
  readonly equalContinuations: number;
  /** Greedy tokens in all continuations. */
  readonly tokens: number;
  readonly partings: readonly Parting[];
  readonly distance: Distance;
}

export interface Comparison {
  readonly ids: readonly IdComparison[];
  /** The F32 copy first, then the file as stored. */
  readonly runs: readonly RunComparison[];
  /** How far llama.cpp's own rounding moves its logits: as stored, from its F32 copy. */
  readonly rounding: Distance;
  /** Differences that rounding does not explain, in words. */
  readonly faults: readonly string[];
}

/** The comparison of one model, as the script writes it. */
export interface ModelRecord extends Comparison {
  readonly model: {
    readonly file: string;
    readonly sizeBytes: number;
    readonly sha256: string;
    readonly architecture: string;
    readonly layers: number;
    readonly vocabSize: number;
  };
  readonly llama: { readonly version: string; readonly release: string };
  readonly threads: number;
  /** Chats that are not compared, and why. */
  readonly refused: Ours['refused'];
  readonly ends: { readonly ours: Ends; readonly peer: Ends };
}
