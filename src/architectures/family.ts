import type {
  AttentionBlueprint,
  Blueprint,
  LayerBlueprint,
  LayerWeight,
  MlpBlueprint,
  RopeBlueprint,
} from './blueprint.js';
import type { OwnFields } from './own-fields.js';

/** Whether a layer sees all earlier tokens or only a window, as in `layer_types` of config.json. */
export type LayerType = 'full_attention' | 'sliding_attention';

/**
 * A model's configuration, read from `config.json` (of transformers 4 or 5) or from GGUF metadata. Families read only
 * this, so that a model gets the same blueprint from either file.
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
  /** Whether the file ties the head to the embedding; null if it does not say. */
  readonly tied: boolean | null;
  readonly queryKeyValueBias: boolean;
  readonly outputBias: boolean;
  readonly mlpBias: boolean;
  /** Window in tokens, including the query. Null: no window, or the file switches it off. */
  readonly window: number | null;
  /** One per layer; null if the file does not list them. */
  readonly layerTypes: readonly LayerType[] | null;
  /** Every n-th layer is full, the others slide (Gemma). Null: not stated. */
  readonly slidingPattern: number | null;
  readonly rope: RopeBlueprint;
  /** Rope of sliding layers; equal to `rope` in families with one base. */
  readonly slidingRope: RopeBlueprint;
  /** Fields that only this family reads: see {@link Family.ownFields}. */
  readonly own: OwnFields;
}

/** An unsupported feature that would change the result. */
export interface Refusal {
  /** Field of config.json, or key of GGUF metadata after the architecture. */
  readonly field: string;
  /** Whether this value asks for the feature. Called only if the field is present and not null. */
  readonly refuses: (value: unknown) => boolean;
  /** The feature's name, for the message: "… is not supported". */
  readonly feature: string;
}

/** Tensors that a file may hold although the model does not need them. */
export interface UnneededTensors {
  readonly names: RegExp;
  /** Why the model does not need them, for people: `part of the image encoder`. */
  readonly reason: string;
}

/** Buffers that older versions of transformers store. transformers does not read them either. */
const ROTARY_BUFFERS: UnneededTensors = {
  names: /\.rotary_emb\.inv_freq$/,
  reason: 'rotary frequencies, which the configuration determines',
};

/** A model family: how to recognise its files, which defaults they rely on, and how its layers are built. */
export interface Family<Name extends string = string> {
  readonly name: Name;
  /** `model_type` of config.json. */
  readonly modelTypes: readonly string[];
  /** Entries of `architectures` in config.json. */
  readonly classes: readonly string[];
  /** `general.architecture` of a GGUF; null if GGUF files use another family's name, or there are none. */
  readonly ggufArchitecture: string | null;
  /** The defaults of transformers' config class, for fields that config.json omits. */
  readonly configDefaults: Readonly<Record<string, unknown>>;
  /** The field of config.json that states the activation. */
  readonly activationField: 'hidden_act' | 'hidden_activation';
  /** Activation if the file does not state it. A GGUF never does. */
  readonly activation: MlpBlueprint['activation'];
  /** Rope base if the file does not state it. */
  readonly ropeBase: number;
  /** Rope base of sliding layers if the file does not state it; null if sliding layers use the same base. */
  readonly slidingRopeBase: number | null;
  /**
   * Fields that only this family reads: name in config.json → key in GGUF metadata after the architecture, or null if a
   * GGUF does not state it. If the file omits a field, `configDefaults` apply. In other families the field is refused
   * if a refusal lists it.
   */
  readonly ownFields: Readonly<Record<string, string | null>>;
  /** Biases that a file may ask for (`attention_bias`, `mlp_bias`). transformers ignores the others. */
  readonly biases: readonly ('attention' | 'mlp')[];
  /** Features that are refused only in this family. */
  readonly refusals: readonly Refusal[];
  /**
   * Tensor names after `model.layers.N.` in a safetensors file. Matrices or biases of one input may have the same name:
   * see {@link STACKS}. They are then stacked in one tensor, in the order of the forward pass.
   */
  readonly layerNames: Readonly<Record<LayerWeight, string>>;
  /** Tensor names after `blk.N.` in a GGUF. */
  readonly ggufLayerNames: Readonly<Record<LayerWeight, string>>;
  /** Whether safetensors store norm weights minus one. */
  readonly normsLackOne: boolean;
  /** Whether a GGUF stores query and key rows as interleaved rope pairs. */
  readonly ggufInterleavesRope: boolean;
  /** Tensors that a file may hold and the text model does not need, with the reason. A file with others is refused. */
  readonly unneeded: readonly UnneededTensors[];
  /** Factors on embeddings, branches and logits (default: 1), and the cap on logits (default: none). */
  readonly scales: (settings: Settings) => Partial<Scales>;
  /** Builds the layer with this index. */
  readonly layer: (settings: Settings, index: number) => LayerBlueprint;
}

type Scales = Pick<Blueprint, 'embeddingScale' | 'residualScale' | 'logitScale' | 'logitCap'>;

/** Weights that one tensor may hold: those of projections that read the same input. */
const STACKS: readonly (readonly LayerWeight[])[] = [
  ['query', 'key', 'value'],
  ['queryBias', 'keyBias', 'valueBias'],
  ['gate', 'up'],
  ['gateBias', 'upBias'],
];

/**
 * Returns a family, given how it differs from Llama.
 * @throws Error if a table gives two weights one name, and they are not a stack
 */
export function family<const Name extends string>(
  own: Pick<Family<Name>, 'name' | 'modelTypes' | 'classes' | 'ggufArchitecture' | 'configDefaults'> &
    Partial<Family<Name>>,
): Family<Name> {
  const whole: Family<Name> = {
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
    scales: () => ({}),
    layer: (settings) => plainLayer(settings),
    ...own,
    unneeded: [ROTARY_BUFFERS, ...(own.unneeded ?? [])],
  };
  for (const table of ['layerNames', 'ggufLayerNames'] as const) checkNames(whole, table);
  return whole;
}

function checkNames(family: Family, table: 'layerNames' | 'ggufLayerNames'): void {
  const weights = new Map<string, LayerWeight>();
  for (const [weight, tensor] of Object.entries(family[table]) as [LayerWeight, string][]) {
    const other = weights.get(tensor) ?? weight;
    weights.set(tensor, other);
    if (other === weight || STACKS.some((stack) => stack.includes(other) && stack.includes(weight))) continue;
    throw new Error(
      `${table} of ${family.name} gives ${other} and ${weight} one name, ${tensor}; only matrices or biases of one input can share a tensor`,
    );
  }
}

/** Tensor names of a Llama layer in safetensors. Most families share them. */
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
  // Llama has no post-norms. These are the names of GLM-4, which is like Llama with post-norms.
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

/** Tensor names of a layer in GGUF. Most families share them. */
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

/** Returns the basic layer of all families: pre-norms, full rotary attention, gated MLP, and biases as in the file. */
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

/** Returns a Qwen layer's window. Layers from `max_window_layers` on slide, unless `layer_types` says otherwise. */
export function qwenWindow(settings: Settings, index: number): number | null {
  const type = settings.layerTypes?.[index];
  const slides =
    type === undefined
      ? index >= (settings.own.number('max_window_layers') ?? settings.layerCount)
      : type === 'sliding_attention';
  return slides ? settings.window : null;
}
