import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Blueprint, planModel } from '../../src/architectures/index.js';
import {
  type ByteSource,
  type Checkpoint,
  memorySource,
  openGguf,
  openSafetensors,
  type TensorInfo,
} from '../../src/formats/index.js';
import { type FamilyName, tinyModel } from './families.js';

async function fixtureSource(path: string): Promise<ByteSource> {
  return memorySource(await readFile(path), path);
}

export async function modelFixture(name: string): Promise<Checkpoint> {
  return openSafetensors(await fixtureSource(tinyModel(name, 'model.safetensors')));
}

export async function ggufFixture(file: string): Promise<Checkpoint> {
  return openGguf(await fixtureSource(fileURLToPath(new URL(`../fixtures/gguf/${file}`, import.meta.url))));
}

export async function configFixture(
  name: string,
  spelling: 'config.json' | 'config.v4.json' = 'config.json',
): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(tinyModel(name, spelling), 'utf8'));
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
export async function blueprintOf(name: FamilyName, change: Record<string, unknown>): Promise<Blueprint> {
  const config = await configFixture(name, 'config.v4.json');
  const changed = JSON.parse(JSON.stringify({ ...config, ...change }));
  return (await planModel(await modelFixture(name), changed)).blueprint;
}

/** Returns the window of each layer. */
export const windows = (blueprint: Blueprint): (number | null)[] =>
  blueprint.layers.map(({ attention }) => attention.window);
