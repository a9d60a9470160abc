import { HoldfastError } from '../errors.js';
import { BLOCK_LAYOUTS, type Checkpoint } from '../formats/index.js';
import { grouped } from '../grouped.js';
import {
  type Blueprint,
  LAYER_NORMS,
  type UnusedTensors,
  type WeightName,
  type WeightRef,
} from './blueprint.js';
import type { Family } from './family.js';
import { ROPE_TENSORS } from './gguf-rope.js';
import type { TensorNames } from './tensor-names.js';
import { type DemandedWeight, demandedWeights } from './weight-shapes.js';

const NORMS: ReadonlySet<DemandedWeight['place']['weight']> = new Set([...LAYER_NORMS, 'finalNorm']);

/** A required weight and the tensor that holds it. */
interface Located extends DemandedWeight {
  readonly ref: WeightRef;
}

/** The checkpoint, and how its tensors are named. */
interface WeightSource {
  readonly checkpoint: Checkpoint;
  readonly family: Family;
  readonly names: TensorNames;
}

/**
 * Finds every weight that the blueprint requires, and checks its shape.
 * @throws HoldfastError `E_TENSOR_MISSING`, `E_TENSOR_SHAPE`, `E_TENSOR_TYPE`
 */
export function locateWeights(
  source: WeightSource,
  blueprint: Blueprint,
): ReadonlyMap<WeightName, WeightRef> {
  const weights = new Map<WeightName, WeightRef>();
  for (const [tensor, stack] of stacksOf(source, blueprint)) {
    checkTensor(source.checkpoint, tensor, stack);
    let start = 0;
    for (const { name, shape, ref } of stack) {
      const end = start + shape[0]!;
      weights.set(name, stack.length === 1 ? ref : { ...ref, rows: { start, end } });
      start = end;
    }
  }
  return weights;
}

/** Returns the shape of every tensor that holds the blueprint's weights, by name, in the order of the forward pass. */
export function shapesOfTensors(
  source: WeightSource,
  blueprint: Blueprint,
): ReadonlyMap<string, readonly number[]> {
  return new Map([...stacksOf(source, blueprint)].map(([tensor, stack]) => [tensor, stackedShape(stack)]));
}

/** Returns the weights in each tensor, usually one, by the tensor's name. */
function stacksOf(source: WeightSource, blueprint: Blueprint): ReadonlyMap<string, readonly Located[]> {
  const located = demandedWeights(blueprint).map((demanded) => ({
    ...demanded,
    ref: refTo(demanded, source, blueprint),
  }));
  return grouped(located, ({ ref }) => ref.tensor);
}

/** Returns the shape of weights that are stacked along the first axis. */
function stackedShape(stack: readonly DemandedWeight[]): readonly number[] {
  const [, ...rest] = stack[0]!.shape;
  return [stack.reduce((sum, weight) => sum + weight.shape[0]!, 0), ...rest];
}

function refTo({ place }: DemandedWeight, source: WeightSource, blueprint: Blueprint): WeightRef {
  const { checkpoint, family, names } = source;
  const tensor = place.layer === null ? names[place.weight] : names.layer(place.layer, place.weight);
  if (checkpoint.format === 'safetensors') {
    return family.normsLackOne && NORMS.has(place.weight) ? { tensor, addOne: true } : { tensor };
  }
  const attention = place.layer === null ? undefined : blueprint.layers[place.layer]?.attention;
  if (!family.ggufInterleavesRope || attention === undefined) return { tensor };
  if (place.weight === 'query' || place.weight === 'queryBias') {
    return { tensor, interleavedHeads: attention.heads };
  }
  if (place.weight === 'key' || place.weight === 'keyBias') {
    return { tensor, interleavedHeads: attention.kvHeads };
  }
  return { tensor };
}

/** Checks a tensor. @param stack the weights that it holds, usually one, stacked along the first axis */
function checkTensor(checkpoint: Checkpoint, tensor: string, stack: readonly DemandedWeight[]): void {
  const name = stack.map(({ name }) => name).join(', ');
  const shape = stackedShape(stack);
  const place = { file: checkpoint.name, field: tensor };
  const info = checkpoint.tensors.get(tensor);
  if (info === undefined) {
    const what = `there is no tensor ${tensor} (${name}), expected ${print(shape)}`;
    const hint = 'Check that all shards of the model are present and belong to this configuration';
    throw new HoldfastError('E_TENSOR_MISSING', what, { ...place, hint });
  }
  if (info.shape.length !== shape.length || info.shape.some((size, axis) => size !== shape[axis])) {
    const what = `tensor ${tensor} (${name}) has shape ${print(info.shape)}, expected ${print(shape)}`;
    const hint = 'Check that the weights belong to this configuration';
    throw new HoldfastError('E_TENSOR_SHAPE', what, { ...place, hint });
  }
  // Quantised blocks run along a row, and a vector's rows are single elements.
  if (info.type === 'I64' || (shape.length === 1 && BLOCK_LAYOUTS[info.type].elements > 1)) {
    const what = `tensor ${tensor} (${name}) is of type ${info.type}, expected ${shape.length === 1 ? 'F32, F16 or BF16' : 'floats'}`;
    throw new HoldfastError('E_TENSOR_TYPE', what, place);
  }
}

/**
 * Returns the tensors that the family knows not to need, by reason. Any other tensor that is not used would make a
 * different model, so it is refused.
 * @param weights all weights of the blueprint
 * @param known tensors that are known to be unused
 * @throws HoldfastError `E_UNSUPPORTED`
 */
export function unneededTensors(
  { checkpoint, family }: WeightSource,
  blueprint: Blueprint,
  weights: ReadonlyMap<WeightName, WeightRef>,
  known: readonly UnusedTensors[],
): UnusedTensors[] {
  const used = new Set([...weights.values()].map((ref) => ref.tensor));
  for (const { tensors } of known) for (const tensor of tensors) used.add(tensor);
  // The blueprint holds their values.
  if (checkpoint.format === 'gguf') for (const tensor of Object.values(ROPE_TENSORS)) used.add(tensor);
  const rest = [...checkpoint.tensors.keys()].filter((tensor) => !used.has(tensor));
  const left = rest.filter((tensor) => !family.unneeded.some(({ names }) => names.test(tensor)));
  if (left.length === 0) {
    return family.unneeded
      .map(({ names, reason }) => ({ reason, tensors: rest.filter((tensor) => names.test(tensor)) }))
      .filter(({ tensors }) => tensors.length > 0);
  }
  const shown = left.slice(0, 3).join(', ') + (left.length > 3 ? ` and ${left.length - 3} more` : '');
  throw new HoldfastError(
    'E_UNSUPPORTED',
    `the model has weights that a ${blueprint.architecture} of this configuration does not use: ${shown}`,
    {
      file: checkpoint.name,
      field: left[0] ?? '',
      hint: 'Check that the configuration belongs to these weights: without them it would be a different model',
    },
  );
}

function print(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
