import type {
  AttentionBlueprint,
  Blueprint,
  LayerBlueprint,
  LayerWeight,
  MlpBlueprint,
  RopeBlueprint,
} from './blueprint.js';
import type { OwnFields } from './own-fields.js';

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
  /** Tokens, the query included. Null: no window, or the file switches it off. */
  readonly window: number | null;
  /** One per layer where the file spells them out. */
  readonly layerTypes: readonly LayerType[] | null;
  /** Every n-th layer is full (Gemma). */
  readonly slidingPattern: number | null;
  readonly rope: RopeBlueprint;
  /** Rope of sliding layers; the same as `rope` in families that have one base. */
  readonly slidingRope: RopeBlueprint;
  /** What the family alone reads: see {@link Family.ownFields}. */
  readonly own: OwnFields;
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
  /**
   * Fields that this family reads and others do not: by name in config.json, the key in GGUF metadata behind the
   * architecture, or null where a GGUF does not say. A file that is silent means `configDefaults`. In other families
   * such a field is refused, where there is a refusal for it.
   */
  readonly ownFields: Readonly<Record<string, string | null>>;
  /** Which biases a file may ask for (`attention_bias`, `mlp_bias`); transformers reads over the others. */
  readonly biases: readonly ('attention' | 'mlp')[];
  /** Features refused in this family beyond those refused in all. */
  readonly refusals: readonly Refusal[];
  /**
   * Tensor names within `model.layers.N.` of a safetensors file. Weights of one name are stacked in one tensor, in the
   * order of the forward pass.
   */
  readonly layerNames: Readonly<Record<LayerWeight, string>>;
  /** The same within `blk.N.` of a GGUF. */
  readonly ggufLayerNames: Readonly<Record<LayerWeight, string>>;
  /** Safetensors store norm weights less one. */
  readonly normsLackOne: boolean;
  /** GGUF stores query and key rows as interleaved rope pairs. */
  readonly ggufInterleavesRope: boolean;
  /** Tensors that a text model may leave unread (an image encoder beside it). */
  readonly ignorableTensors: readonly RegExp[];
  /** Factors on what enters and leaves the layers; 1, and no cap, where it does not say. */
  readonly scales: (settings: Settings) => Partial<Scales>;
  readonly layer: (settings: Settings, index: number) => LayerBlueprint;
}

export type Scales = Pick<Blueprint, 'embeddingScale' | 'residualScale' | 'logitScale' | 'logitCap'>;

/** A family by what sets it apart from Llama. */
export function family(
  own: Pick<Family, 'name' | 'modelTypes' | 'classes' | 'ggufArchitecture' | 'configDefaults'> &
    Partial<Family>,
): Family {
  return {
    activationField: 'hidden_act',
    activation: 'silu',
    ropeBase: 10000,
    slidingRopeBase: null,
    ownFields: {},
    biases: ['attention', 'mlp'],
    refusals: [],
    layerNames: LLAMA_LAYER_NAMES,
    ggufLayerNames: GGUF_LAYER_NAMES,
    normsLackOne: false,
    ggufInterleavesRope: false,
    ignorableTensors: [],
    scales: () => ({}),
    layer: (settings) => plainLayer(settings),
    ...own,
  };
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

export const GGUF_LAYER_NAMES: Readonly<Record<LayerWeight, string>> = {
  attentionNorm: 'attn_norm.weight',
  query: 'attn_q.weight',
  key: 'attn_k.weight',
  value: 'attn_v.weight',
  output: 'attn_output.weight',
  queryBias: 'attn_q.bias',
  keyBias: 'attn_k.bias',
  valueBias: 'attn_v.bias',
  outputBias: 'attn_output.bias',
  queryNorm: 'attn_q_norm.weight',
  keyNorm: 'attn_k_norm.weight',
  postAttentionNorm: 'post_attention_norm.weight',
  mlpNorm: 'ffn_norm.weight',
  gate: 'ffn_gate.weight',
  up: 'ffn_up.weight',
  down: 'ffn_down.weight',
  gateBias: 'ffn_gate.bias',
  upBias: 'ffn_up.bias',
  downBias: 'ffn_down.bias',
  postMlpNorm: 'post_ffw_norm.weight',
};

/** The layer all families start from: pre-norms, full rotary attention, gated MLP; biases as the file says. */
export function plainLayer(settings: Settings, attention: Partial<AttentionBlueprint> = {}): LayerBlueprint {
  return {
    attention: {
      heads: settings.heads,
      kvHeads: settings.kvHeads,
      headDim: settings.headDim,
      scale: 1 / Math.sqrt(settings.headDim),
      scoreCap: null,
      rope: settings.rope,
      window: null,
      queryKeyNorm: null,
      queryKeyValueBias: settings.queryKeyValueBias,
      outputBias: settings.outputBias,
      ...attention,
    },
    mlp: { size: settings.mlpSize, activation: settings.activation, bias: settings.mlpBias },
    preNorms: true,
    postNorms: false,
  };
}

/** Qwen's rule: layers from its own field `max_window_layers` on slide, unless `layer_types` says otherwise. */
export function qwenWindow(settings: Settings, index: number): number | null {
  const type = settings.layerTypes?.[index];
  const slides =
    type === undefined
      ? index >= (settings.own.number('max_window_layers') ?? settings.layerCount)
      : type === 'sliding_attention';
  return slides ? settings.window : null;
}
