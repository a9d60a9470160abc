/**
 * A blueprint is a decoder-only transformer described in plain, printable data. Executors run blueprints and
 * know no architecture by name; architectures write blueprints and know no executor.
 */

/** How rotary frequencies are stretched for longer contexts. */
export type RopeScaling =
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContextLength: number;
    }
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly originalContextLength: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Multiplies cos and sin; null: 0.1·ln(factor) + 1. */
      readonly attentionFactor: number | null;
      readonly truncate: boolean;
    }
  /** A base that grows with the context, where that is longer than the original. */
  | { readonly type: 'dynamic'; readonly factor: number; readonly originalContextLength: number }
  | {
      readonly type: 'longrope';
      /** One divisor per frequency, for contexts up to the original length and for longer ones. */
      readonly short: readonly number[];
      readonly long: readonly number[];
      readonly originalContextLength: number;
      /** Multiplies cos and sin, in short contexts too. */
      readonly attentionFactor: number;
    }
  /** One divisor per frequency, as GGUF files carry them in the tensor `rope_freqs.weight`. */
  | { readonly type: 'divisors'; readonly divisors: readonly number[] };

/** Rotary position embedding, half-split ("neox") pairing: element i is paired with i + rotaryDim/2. */
export interface RopeBlueprint {
  readonly base: number;
  /** Elements of each head that are turned, from its first on; the others carry no position. */
  readonly rotaryDim: number;
  readonly scaling: RopeScaling | null;
}

export interface AttentionBlueprint {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Factor on query·key, usually 1/√headDim. */
  readonly scale: number;
  /** Factor c of a soft cap: a score s becomes c·tanh(s/c) (Gemma 2). Null: none. */
  readonly scoreCap: number | null;
  /** Null: the layer's queries and keys carry no position (SmolLM3). */
  readonly rope: RopeBlueprint | null;
  /** Sliding window: a query sees itself and the `window − 1` tokens before it; null sees all. */
  readonly window: number | null;
  /** RMS norm on query and key before rotation: on each head's (Qwen3, Gemma 3), or on those of all heads at once (OLMo 2). */
  readonly queryKeyNorm: 'head' | 'all heads' | null;
  readonly queryKeyValueBias: boolean;
  readonly outputBias: boolean;
}

export interface MlpBlueprint {
  readonly size: number;
  readonly activation: 'silu' | 'gelu-tanh';
  readonly bias: boolean;
}

export interface LayerBlueprint {
  readonly attention: AttentionBlueprint;
  readonly mlp: MlpBlueprint;
  /** RMS norms on what attention and the MLP read. */
  readonly preNorms: boolean;
  /** RMS norms on what attention and the MLP put out, before the residual add (Gemma's four norms, OLMo 2's two). */
  readonly postNorms: boolean;
}

export interface Blueprint {
  /** Family name, for people, e.g. `llama`. */
  readonly architecture: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  /** The longest dialogue the model was made for, in tokens. */
  readonly contextLength: number;
  /** Embeddings are multiplied by this on entry (Gemma: √hidden). */
  readonly embeddingScale: number;
  /** What attention and the MLP put out is multiplied by this before it is added to the residual stream (Granite). */
  readonly residualScale: number;
  /** Factor on the logits (Granite). */
  readonly logitScale: number;
  /** Factor c of a soft cap: a logit x becomes c·tanh(x/c) (Gemma 2). Null: none. */
  readonly logitCap: number | null;
  readonly normEpsilon: number;
  /** The output head is the embedding matrix. */
  readonly tiedEmbeddings: boolean;
  readonly layers: readonly LayerBlueprint[];
}

/** Canonical weight names. `${i}` is the layer. Shapes are `[out, in]`; norms and biases are `[n]`. */
export type LayerWeight =
  | 'attentionNorm'
  | 'query'
  | 'key'
  | 'value'
  | 'output'
  | 'queryBias'
  | 'keyBias'
  | 'valueBias'
  | 'outputBias'
  | 'queryNorm'
  | 'keyNorm'
  | 'postAttentionNorm'
  | 'mlpNorm'
  | 'gate'
  | 'up'
  | 'down'
  | 'gateBias'
  | 'upBias'
  | 'downBias'
  | 'postMlpNorm';
export type WeightName = 'embedding' | 'finalNorm' | 'head' | `layers.${number}.${LayerWeight}`;

/** Where a canonical weight lies in the file, and what has to happen to it on the way in. */
export interface WeightRef {
  readonly tensor: string;
  /**
   * Rows of each head are stored as interleaved rope pairs (GGUF's llama layout) and have to be put back into
   * half-split order: stored row 2i+j of a head is row i + j·headDim/2. Also permutes the bias of that name.
   */
  readonly interleavedHeads?: number;
  /** The weight is these rows of a tensor that holds several, one below the other (Phi-3). */
  readonly rows?: { readonly start: number; readonly end: number };
  /** The stored norm weight lacks its +1 (Gemma's safetensors). */
  readonly addOne?: boolean;
}

/** What an architecture makes of a checkpoint: the plan, and where its weights lie. */
export interface ModelPlan {
  readonly blueprint: Blueprint;
  readonly weights: ReadonlyMap<WeightName, WeightRef>;
}
