import { readFile } from 'node:fs/promises';
import { type Blueprint, planModel } from '../../src/architectures/index.js';
import {
  type ByteSource,
  type Checkpoint,
  memorySource,
  openGguf,
  openSafetensors,
  type TensorInfo,
} from '../../src/formats/index.js';

export type ModelName =
  | 'llama'
  | 'mistral'
  | 'qwen2'
  | 'qwen3'
  | 'gemma2'
  | 'gemma3'
  | 'smollm3'
  | 'phi3'
  | 'olmo2'
  | 'granite';

const FIXTURES = new URL('../fixtures/', import.meta.url);

async function fixtureSource(path: string): Promise<ByteSource> {
  return memorySource(await readFile(new URL(path, FIXTURES)), path);
}

export async function modelFixture(name: string): Promise<Checkpoint> {
  return openSafetensors(await fixtureSource(`models/${name}/model.safetensors`));
}

export async function ggufFixture(file: string): Promise<Checkpoint> {
  return openGguf(await fixtureSource(`gguf/${file}`));
}

export async function configFixture(
  name: string,
  spelling: 'config.json' | 'config.v4.json' = 'config.json',
): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(new URL(`models/${name}/${spelling}`, FIXTURES), 'utf8'));
}

/** Returns a checkpoint with some tensors renamed, reshaped, added or (null) removed. Added tensors have no bytes. */
export function withTensors(
  checkpoint: Checkpoint,
  change: (tensors: Map<string, TensorInfo>) => void,
): Checkpoint {
  const tensors = new Map(checkpoint.tensors);
  change(tensors);
  return { ...checkpoint, tensors };
}

/** Returns a tensor with a shape and, if given, f32 values. */
export function tensor(name: string, shape: readonly number[], values?: readonly number[]): TensorInfo {
  const bytes = new Uint8Array(Float32Array.from(values ?? []).buffer);
  return { name, type: 'F32', shape, source: memorySource(bytes, name), offset: 0, byteLength: bytes.length };
}

/**
 * Returns the blueprint of a tiny model with some fields of its config.json, in the older spelling, changed (undefined
 * removes a field).
 */
export async function blueprintOf(name: ModelName, change: Record<string, unknown>): Promise<Blueprint> {
  const config = await configFixture(name, 'config.v4.json');
  const changed = JSON.parse(JSON.stringify({ ...config, ...change }));
  return (await planModel(await modelFixture(name), changed)).blueprint;
}

/** Returns the window of each layer. */
export const windows = (blueprint: Blueprint): (number | null)[] =>
  blueprint.layers.map(({ attention }) => attention.window);
