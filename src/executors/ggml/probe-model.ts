import {
  type Blueprint,
  type LayerBlueprint,
  type ModelPlan,
  type WeightName,
  weightShapes,
} from '../../architectures/index.js';
import { type Checkpoint, memorySource, type TensorInfo, type TensorType } from '../../formats/index.js';
import type { Precision } from '../contract/index.js';
import type { Ggml } from './bindings.js';
import { formed } from './matrix-form.js';

/**
 * A small model of the same kind as another, in plain data: heads, norms, rotations and types of weights are the same,
 * there is one layer of each kind, and vocabulary, hidden size and MLP are cut.
 */
export interface ProbeModel {
  readonly blueprint: Blueprint;
  /** The type in which the file stores each weight. */
  readonly types: ReadonlyMap<WeightName, TensorType>;
  readonly precision: Precision;
}

/** The largest sizes of a small model: multiples of every type's block. */
const LARGEST = { vocab: 64, hidden: 512, mlp: 512 } as const;

/** Describes a small model of the same kind as a model. */
export function probeModelOf(plan: ModelPlan, checkpoint: Checkpoint, precision: Precision): ProbeModel {
  const { blueprint } = plan;
  const ofLayers = blueprint.layers.map(() => new Map<string, TensorType>());
  const types = new Map<WeightName, TensorType>();
  for (const [name, { tensor }] of plan.weights) {
    const { type } = checkpoint.tensors.get(tensor)!;
    const [, layer, part] = /^layers\.(\d+)\.(.*)$/.exec(name) ?? [];
    if (layer === undefined) types.set(name, type);
    else ofLayers[Number(layer)]!.set(part!, type);
  }
  const layers: LayerBlueprint[] = [];
  const seen = new Set<string>();
  for (const [index, layer] of blueprint.layers.entries()) {
    const own = ofLayers[index]!;
    const kind = JSON.stringify([layer, [...own]]);
    if (seen.has(kind)) continue;
    seen.add(kind);
    for (const [part, type] of own) types.set(`layers.${layers.length}.${part}` as WeightName, type);
    layers.push({ ...layer, mlp: { ...layer.mlp, size: Math.min(layer.mlp.size, LARGEST.mlp) } });
  }
  return {
    blueprint: {
      ...blueprint,
      vocabSize: Math.min(blueprint.vocabSize, LARGEST.vocab),
      hiddenSize: Math.min(blueprint.hiddenSize, LARGEST.hidden),
      layers,
    },
    types,
    precision,
  };
}

/** Makes up the weights of a small model, always the same. */
export function buildProbeModel(
  ggml: Ggml,
  { blueprint, types }: ProbeModel,
): { readonly plan: ModelPlan; readonly checkpoint: Checkpoint } {
  const tensors = new Map<string, TensorInfo>();
  const shapes = weightShapes(blueprint);
  for (const [name, shape] of shapes) {
    const type = types.get(name) ?? 'F32';
    const bytes = weightBytes(ggml, type, shape, tensors.size);
    const source = memorySource(bytes, name);
    tensors.set(name, { name, type, shape, source, offset: 0, byteLength: bytes.length });
  }
  return {
    plan: {
      blueprint,
      weights: new Map([...shapes.keys()].map((name) => [name, { tensor: name }])),
      unused: [],
      notes: [],
    },
    checkpoint: { format: 'safetensors', name: 'a small model', tensors, metadata: new Map() },
  };
}

/** Values without a pattern: around 1 for vectors, for matrices so small that products keep the size of their inputs. */
function weightBytes(ggml: Ggml, type: TensorType, shape: readonly number[], seed: number): Uint8Array {
  const [rows, columns] = shape.length === 1 ? [1, shape[0]!] : (shape as [number, number]);
  const value = (i: number): number => Math.sin(i * i + 0.7 * i + seed);
  const values = Float32Array.from({ length: rows * columns }, (_, i) =>
    shape.length === 1 ? 1 + 0.1 * value(i) : value(i) / Math.sqrt(columns),
  );
  const stored = { type: 'F32', bytes: new Uint8Array(values.buffer), shape: [rows, columns] } as const;
  return formed(ggml, stored, { type, offsets: false }).bytes;
}
