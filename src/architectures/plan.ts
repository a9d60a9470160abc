import { HoldfastError } from '../errors.js';
import type { Checkpoint } from '../formats/index.js';
import type { Blueprint, ModelPlan } from './blueprint.js';
import { checkBlueprint } from './check-blueprint.js';
import { settingsFromConfig } from './config-settings.js';
import type { Family, Settings } from './family.js';
import { settingsFromGguf } from './gguf-settings.js';
import { chooseHead } from './head.js';
import { locateWeights, shapesOfTensors, unneededTensors } from './locate-weights.js';

/**
 * Turns a checkpoint into a blueprint and the locations of its weights. The plan is complete: the file has every weight
 * that the blueprint requires, with the right shape, and no other weights that would change the result.
 * @param config the parsed config.json of a safetensors model; ignored for a GGUF, which describes itself
 * @throws HoldfastError `E_CONFIG`, `E_UNSUPPORTED`, `E_TENSOR_MISSING`, `E_TENSOR_SHAPE`, `E_UNREADABLE`
 */
export async function planModel(checkpoint: Checkpoint, config?: unknown): Promise<ModelPlan> {
  if (checkpoint.format === 'safetensors' && config === undefined) {
    throw new HoldfastError('E_CONFIG', 'a safetensors model needs its config.json', {
      file: checkpoint.name,
      hint: 'Put the config.json that was published with the weights beside them',
    });
  }
  const { family, settings, names, notes } =
    checkpoint.format === 'gguf'
      ? await settingsFromGguf(checkpoint)
      : { ...settingsFromConfig(checkpoint, config), notes: [] };
  const head = await chooseHead(checkpoint, names, settings.tied);
  const blueprint = blueprintOf(family, settings, head.tied);
  checkBlueprint(blueprint, checkpoint.name);
  if (checkpoint.format === 'gguf') checkWindow(settings, blueprint, family, checkpoint.name);
  checkLayerTypes(settings, blueprint, checkpoint.name);
  const source = { checkpoint, family, names: head.names };
  const weights = locateWeights(source, blueprint);
  const unused = [...head.unused, ...unneededTensors(source, blueprint, weights, head.unused)];
  return { blueprint, weights, unused, notes: [...notes, ...head.notes] };
}

/**
 * Returns the shape of every tensor of a safetensors model, by name, from its config.json alone. Without
 * `tie_word_embeddings`, the head is the embedding.
 * @throws HoldfastError `E_CONFIG`, `E_UNSUPPORTED`; `E_TENSOR_MISSING` if config.json does not state the vocabulary
 */
export function tensorShapes(config: unknown): ReadonlyMap<string, readonly number[]> {
  const checkpoint: Checkpoint = {
    format: 'safetensors',
    name: 'config.json',
    tensors: new Map(),
    metadata: new Map(),
  };
  const { family, settings, names } = settingsFromConfig(checkpoint, config);
  const blueprint = blueprintOf(family, settings, settings.tied ?? true);
  checkBlueprint(blueprint, checkpoint.name);
  checkLayerTypes(settings, blueprint, checkpoint.name);
  return shapesOfTensors({ checkpoint, family, names }, blueprint);
}

function blueprintOf(family: Family, settings: Settings, tiedEmbeddings: boolean): Blueprint {
  return {
    architecture: family.name,
    vocabSize: settings.vocabSize,
    hiddenSize: settings.hiddenSize,
    contextLength: settings.contextLength,
    embeddingScale: 1,
    residualScale: 1,
    logitScale: 1,
    logitCap: null,
    ...family.scales(settings),
    normEpsilon: settings.normEpsilon,
    tiedEmbeddings,
    layers: Array.from({ length: settings.layerCount }, (_, index) => family.layer(settings, index)),
  };
}

/** Refuses a GGUF that states a window if no layer uses one, such as an OLMo 3 with architecture `olmo2`. */
function checkWindow(
  { window, contextLength }: Settings,
  { layers }: Blueprint,
  { name, ggufArchitecture }: Family,
  file: string,
): void {
  if (window === null || window >= contextLength) return;
  if (layers.some(({ attention }) => attention.window !== null)) return;
  throw new HoldfastError('E_UNSUPPORTED', `a sliding window in ${name} is not supported`, {
    file,
    field: `${ggufArchitecture}.attention.sliding_window`,
  });
}

/** Checks that the layers are of the types that the file lists. A model without a window has no types. */
function checkLayerTypes({ layerTypes }: Settings, blueprint: Blueprint, file: string): void {
  for (const [index, type] of (layerTypes ?? []).entries()) {
    const window = blueprint.layers[index]?.attention.window ?? null;
    if ((type === 'sliding_attention') === (window !== null)) continue;
    throw new HoldfastError(
      'E_CONFIG',
      `layer ${index} is ${type} in layer_types, but it has ${window === null ? 'no window' : `a window of ${window}`}`,
      { file, field: 'layer_types', hint: 'Check sliding_window and use_sliding_window' },
    );
  }
}
