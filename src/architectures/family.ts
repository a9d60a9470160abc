import type {
  AttentionBlueprint,
  LayerBlueprint,
  LayerWeight,
  MlpBlueprint,
  RopeBlueprint,
} from './blueprint.js';

/** Whether a layer sees everything before it or only a window; named as in `layer_types` of config.json. */
export type LayerType = 'full_attention' | 'sliding_attention';

/**
 * What `config.json` (either spelling) and GGUF metadata both come down to. Families read this and nothing else,
 * so that a model means the same in either file.
 */
export interface Settings {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layerCount: number;
  readonly contextLength: number;
  readonly normEpsilon: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly mlpSize: number;
  readonly activation: MlpBlueprint['activation'];
  readonly tiedEmbeddings: boolean;
  readonly queryKeyValueBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  /** Gemma's `query_pre_attn_scalar`: scores are divided by its root. Null where the file does not say. */
  readonly queryScalar: number | null;
  /** Tokens, the query included. Null: no window, or the file switches it off. */
  readonly window: number | null;
  /** One per layer where the file spells them out. */
  readonly layerTypes: readonly LayerType[] | null;
  /** Every n-th layer is full (Gemma). */
  readonly slidingPattern: number | null;
  /** Layers below this one are full (Qwen). */
  readonly maxWindowLayers: number | null;
  readonly rope: RopeBlueprint;
  /** Rope of sliding layers; the same as `rope` in families that have one base. */
  readonly slidingRope: RopeBlueprint;
}

/** A feature of a config.json that would change the result and is not implemented. */
export interface Refusal {
  /** Field of config.json. */
  readonly field: string;
  /** Whether this value asks for the feature; called only where the field is present and not null. */
  readonly refuses: (value: unknown) => boolean;
  /** The feature's name, for the message: "… is not supported". */
  readonly feature: string;
}

/** One model family: how its files are recognised, what they leave unsaid, and what its layers are made of. */
export interface Family {
  readonly name: string;
  /** `model_type` of config.json. */
  readonly modelTypes: readonly string[];
  /** Entries of `architectures` in config.json. */
  readonly classes: readonly string[];
  /** `general.architecture` of a GGUF; null where GGUF files go under another family's name. */
  readonly ggufArchitecture: string | null;
  /** What transformers' config class fills in where config.json is silent, in config.json's own words. */
  readonly configDefaults: Readonly<Record<string, unknown>>;
  /** Which field of config.json names the activation. */
  readonly activationField: 'hidden_act' | 'hidden_activation';
  /** The activation where the file does not say: a GGUF never does. */
  readonly activation: MlpBlueprint['activation'];
  /** Rope base where the file does not say. */
  readonly ropeBase: number;
  /** Rope base of sliding layers where the file does not say; null: sliding layers share the one base. */
  readonly slidingRopeBase: number | null;
  /** Features refused in this family beyond those refused in all. */
  readonly refusals: readonly Refusal[];
  /** Tensor names within `model.layers.N.` of a safetensors file. */
  readonly layerNames: Readonly<Record<LayerWeight, string>>;
  /** Safetensors store norm weights less one. */
  readonly normsLackOne: boolean;
  /** GGUF stores query and key rows as interleaved rope pairs. */
  readonly ggufInterleavesRope: boolean;
  /** Tensors that a text model may leave unread (an image encoder beside it). */
  readonly ignorableTensors: readonly RegExp[];
  /** Factor on the embeddings as they enter layer 0. */
  readonly embeddingScale: (settings: Settings) => number;
  readonly layer: (settings: Settings, index: number) => LayerBlueprint;
}

/** Tensor names of a Llama layer, which most families share. */
export const LLAMA_LAYER_NAMES: Readonly<Record<LayerWeight, string>> = {
  attentionNorm: 'input_layernorm.weight',
  query: 'self_attn.q_proj.weight',
  key: 'self_attn.k_proj.weight',
  value: 'self_attn.v_proj.weight',
  output: 'self_attn.o_proj.weight',
  queryBias: 'self_attn.q_proj.bias',
  keyBias: 'self_attn.k_proj.bias',
  valueBias: 'self_attn.v_proj.bias',
  outputBias: 'self_attn.o_proj.bias',
  queryNorm: 'self_attn.q_norm.weight',
  keyNorm: 'self_attn.k_norm.weight',
  // Llama itself has no post-norms; these are the names of GLM-4, a Llama that has.
  postAttentionNorm: 'post_self_attn_layernorm.weight',
  mlpNorm: 'post_attention_layernorm.weight',
  gate: 'mlp.gate_proj.weight',
  up: 'mlp.up_proj.weight',
  down: 'mlp.down_proj.weight',
  gateBias: 'mlp.gate_proj.bias',
  upBias: 'mlp.up_proj.bias',
  downBias: 'mlp.down_proj.bias',
  postMlpNorm: 'post_mlp_layernorm.weight',
};

/** The layer all families start from: pre-norms, full rotary attention, gated MLP; biases as the file says. */
export function plainLayer(settings: Settings, attention: Partial<AttentionBlueprint> = {}): LayerBlueprint {
  return {
    attention: {
      heads: settings.heads,
      kvHeads: settings.kvHeads,
      headDim: settings.headDim,
      scale: 1 / Math.sqrt(settings.headDim),
      rope: settings.rope,
      window: null,
      queryKeyNorm: false,
      queryKeyValueBias: settings.queryKeyValueBias,
      outputBias: settings.outputBias,
      ...attention,
    },
    mlp: { size: settings.mlpSize, activation: settings.activation, bias: settings.mlpBias },
    postNorms: false,
  };
}

/** Qwen's rule: layers from `max_window_layers` on slide, unless `layer_types` says otherwise. */
export function qwenWindow(settings: Settings, index: number): number | null {
  const type = settings.layerTypes?.[index];
  const slides =
    type === undefined
      ? index >= (settings.maxWindowLayers ?? settings.layerCount)
      : type === 'sliding_attention';
  return slides ? settings.window : null;
}
