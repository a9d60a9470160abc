/**
 * A blueprint describes a decoder-only transformer in plain, printable data. Executors run blueprints and know no
 * architecture by name. Architectures write blueprints and know no executor.
 */

/** How rotary frequencies are scaled for longer contexts. */
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
      /** Factor on cos and sin; null: 0.1·ln(factor) + 1. */
      readonly attentionFactor: number | null;
      readonly truncate: boolean;
    }
  /** A base that grows with the context once it exceeds the original length. */
  | { readonly type: 'dynamic'; readonly factor: number; readonly originalContextLength: number }
  | {
      readonly type: 'longrope';
      /** One divisor per frequency: `short` up to the original length, `long` beyond it. */
      readonly short: readonly number[];
      readonly long: readonly number[];
      readonly originalContextLength: number;
      /** Factor on cos and sin, also in short contexts. */
      readonly attentionFactor: number;
    }
  /** One divisor per frequency, from the tensor `rope_freqs.weight` of a GGUF. */
  | { readonly type: 'divisors'; readonly divisors: readonly number[] };

/** Rotary position embedding, half-split ("neox") pairing: element i is paired with i + rotaryDim/2. */
export interface RopeBlueprint {
  readonly base: number;
  /** Number of leading elements of each head that are rotated. The others carry no position. */
  readonly rotaryDim: number;
  readonly scaling: RopeScaling | null;
}

/** The attention of a layer. */
export interface AttentionBlueprint {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Factor on query·key, usually 1/√headDim. */
  readonly scale: number;
  /** Soft cap c on scores: a score s becomes c·tanh(s/c) (Gemma 2). Null: none. */
  readonly scoreCap: number | null;
  /** Null: queries and keys carry no position (SmolLM3). */
  readonly rope: RopeBlueprint | null;
  /** Sliding window: a query sees itself and the `window − 1` tokens before it. Null: it sees all earlier tokens. */
  readonly window: number | null;
  /** RMS norm on query and key before rotation: per head (Qwen3, Gemma 3) or over all heads together (OLMo 2). */
  readonly queryKeyNorm: 'head' | 'all heads' | null;
  readonly queryKeyValueBias: boolean;
  readonly outputBias: boolean;
}

/** The gated MLP of a layer. */
export interface MlpBlueprint {
  readonly size: number;
  readonly activation: 'silu' | 'gelu-tanh';
  readonly bias: boolean;
}

/** A layer of the decoder. */
export interface LayerBlueprint {
  readonly attention: AttentionBlueprint;
  readonly mlp: MlpBlueprint;
  /** RMS norms on the inputs of attention and MLP. */
  readonly preNorms: boolean;
  /** RMS norms on the outputs of attention and MLP, before the residual add (Gemma has both kinds, OLMo 2 only this). */
  readonly postNorms: boolean;
}

/** A model in plain data. */
export interface Blueprint {
  /** Family name for display, e.g. `llama`. */
  readonly architecture: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  /** The model's context length, in tokens. */
  readonly contextLength: number;
  /** Factor on the embeddings (Gemma: √hidden). */
  readonly embeddingScale: number;
  /** Factor on the outputs of attention and MLP before the residual add (Granite). */
  readonly residualScale: number;
  /** Factor on the logits (Granite). */
  readonly logitScale: number;
  /** Soft cap c on logits: a logit x becomes c·tanh(x/c) (Gemma 2). Null: none. */
  readonly logitCap: number | null;
  readonly normEpsilon: number;
  /** Whether the output head is the embedding matrix. */
  readonly tiedEmbeddings: boolean;
  readonly layers: readonly LayerBlueprint[];
}

/** Canonical names of a layer's weights. Matrices have shape `[out, in]`; norms and biases `[n]`. */
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
/** The norms that a layer can have. */
export const LAYER_NORMS = [
  'attentionNorm',
  'queryNorm',
  'keyNorm',
  'postAttentionNorm',
  'mlpNorm',
  'postMlpNorm',
] as const satisfies readonly LayerWeight[];

/** Canonical names of a model's weights. */
export type WeightName = 'embedding' | 'finalNorm' | 'head' | `layers.${number}.${LayerWeight}`;

/** Where a weight is in the file, and how to convert it to its canonical form. */
export interface WeightRef {
  readonly tensor: string;
  /**
   * Number of heads whose rows are stored as interleaved rope pairs (GGUF's llama layout). They must be put back into
   * half-split order: stored row 2i+j of a head is row i + j·headDim/2. Biases are permuted in the same way.
   */
  readonly interleavedHeads?: number;
  /** The rows of the tensor that are this weight, if the tensor stacks several weights (Phi-3). */
  readonly rows?: { readonly start: number; readonly end: number };
  /** Whether to add 1 to the stored norm weight (Gemma's safetensors). */
  readonly addOne?: boolean;
}

/** Tensors of a file that the model does not need. */
export interface UnusedTensors {
  /** Why they are not needed, e.g. `part of the image encoder`. */
  readonly reason: string;
  readonly tensors: readonly string[];
}

/** A checkpoint's blueprint, and where its weights are. */
export interface ModelPlan {
  readonly blueprint: Blueprint;
  readonly weights: ReadonlyMap<WeightName, WeightRef>;
  /** The tensors that are not used. All others are. */
  readonly unused: readonly UnusedTensors[];
  /** What the user should know about the file, with its name. */
  readonly notes: readonly string[];
}
