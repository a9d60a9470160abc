import { readFileSync } from 'node:fs';
import { type ModelPlan, planModel, tensorShapes } from '../../src/architectures/index.js';
import { type Checkpoint, memorySource, type TensorInfo } from '../../src/formats/index.js';
import { type FamilyName, tinyModel, type Variant } from './families.js';

/** Returns a model in memory: a fixture's configuration with other sizes, and pseudo-random weights in f32. */
export async function randomModel(
  family: FamilyName | Variant,
  sizes: Readonly<Record<string, number>>,
): Promise<{ readonly plan: ModelPlan; readonly checkpoint: Checkpoint }> {
  const fixture = JSON.parse(readFileSync(tinyModel(family, 'config.json'), 'utf8')) as object;
  const config = { ...fixture, ...sizes };
  let state = 1;
  const noise = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const tensors = new Map<string, TensorInfo>();
  for (const [name, shape] of tensorShapes(config)) {
    const length = shape.reduce((product, size) => product * size, 1);
    // Matrices keep the variance of their input.
    const scale = shape.length === 1 ? 1 : Math.sqrt(3 / shape[1]!);
    const values = Float32Array.from({ length }, () => scale * noise());
    const source = memorySource(new Uint8Array(values.buffer), name);
    tensors.set(name, { name, type: 'F32', shape, source, offset: 0, byteLength: values.byteLength });
  }
  const checkpoint: Checkpoint = { format: 'safetensors', name: 'random', tensors, metadata: new Map() };
  return { plan: await planModel(checkpoint, config), checkpoint };
}
