import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ModelPlan, planModel } from '../../src/architectures/index.js';
import type { Policy, TokenRange } from '../../src/attention/index.js';
import { dequantize, memorySource, openSafetensors, readTensor } from '../../src/formats/index.js';
import { type ModelFiles, openModel } from '../../src/hub/index.js';
import { type FamilyName, tinyModel, type Variant } from '../support/families.js';

/**
 * One family for each shape of a head. Heads of llama are 16 wide and see all keys. Heads of gemma2 are 24 wide, see a
 * window in every other layer, and cap their scores.
 */
export const SHAPES: readonly FamilyName[] = ['llama', 'gemma2'];

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const shared = fileURLToPath(new URL('../../../shared/', import.meta.url));

/** The real model and its golden outputs are stored outside the repository; tests on them are skipped if they are missing. */
export const realModel = `${shared}models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf`;
export const realExpected = `${shared}fixtures/smollm2-135m-instruct/expected`;
export const hasRealModel = existsSync(realModel) && existsSync(`${realExpected}.safetensors`);

/** A golden run: a target, a policy, and its strength for all heads or for each head. */
export interface GoldenCase {
  readonly case: number;
  readonly target: readonly [number, number];
  readonly policy: Policy;
  readonly strength: number | readonly (readonly number[])[];
}

export interface GoldenModel {
  readonly ids: readonly number[];
  /** The rows whose logits and attention are recorded: every eighth, and the last. */
  readonly rows: readonly number[];
  readonly cases: readonly GoldenCase[];
  readonly greedy: { readonly off: readonly number[] } & Readonly<Record<string, readonly number[]>>;
}

export interface OpenedModel {
  readonly plan: ModelPlan;
  readonly files: ModelFiles;
}

export async function openPlanned(path: string): Promise<OpenedModel> {
  const files = await openModel(path);
  return { plan: await planModel(files.checkpoint, files.config), files };
}

export const openFamily = (family: FamilyName | Variant): Promise<OpenedModel> =>
  openPlanned(tinyModel(family));
/** Names of the GGUF fixtures, `family.type`. */
export const GGUF_FIXTURES: readonly string[] = readdirSync(`${fixtures}gguf`)
  .filter((file) => file.endsWith('.gguf'))
  .map((file) => file.slice(0, -'.gguf'.length));
export const openGgufFixture = (name: string): Promise<OpenedModel> =>
  openPlanned(`${fixtures}gguf/${name}.gguf`);

/** Returns the model with zeros in the columns of its output projections that read these heads, `layer · heads + head`. */
export async function withoutHeads(opened: OpenedModel, pairs: readonly number[]): Promise<OpenedModel> {
  const { plan, files } = opened;
  const tensors = new Map(files.checkpoint.tensors);
  for (const pair of pairs) {
    const { heads, headDim } = plan.blueprint.layers[0]!.attention;
    const name = `model.layers.${Math.floor(pair / heads)}.self_attn.o_proj.weight`;
    const info = tensors.get(name)!;
    const bytes = Uint8Array.from(await readTensor(info));
    const rowBytes = bytes.length / info.shape[0]!;
    const headBytes = headDim * (rowBytes / info.shape[1]!);
    for (let from = (pair % heads) * headBytes; from < bytes.length; from += rowBytes) {
      bytes.fill(0, from, from + headBytes);
    }
    tensors.set(name, { ...info, source: memorySource(bytes, name), offset: 0 });
  }
  const checkpoint = { ...files.checkpoint, tensors };
  return { plan: await planModel(checkpoint, files.config), files: { ...files, checkpoint } };
}

export function golden(family: FamilyName | Variant): GoldenModel {
  return JSON.parse(readFileSync(tinyModel(family, 'expected.json'), 'utf8')) as GoldenModel;
}

/** Returns some rows of `[…, total, width]`. */
export function pickRows(
  values: Float32Array,
  rows: readonly number[],
  total: number,
  width: number,
): Float32Array {
  const size = total * width;
  const picked = new Float32Array((values.length / total) * rows.length);
  for (let block = 0; block < values.length / size; block++) {
    for (const [at, row] of rows.entries()) {
      const from = block * size + row * width;
      picked.set(values.subarray(from, from + width), (block * rows.length + at) * width);
    }
  }
  return picked;
}

/** Reads named tensors of a golden safetensors file as f32; the file is held in memory, so nothing has to be closed. */
export async function goldenTensors(path: string): Promise<(name: string) => Promise<Float32Array>> {
  const { tensors } = await openSafetensors(memorySource(readFileSync(path), path));
  return async (name) => {
    const info = tensors.get(name);
    if (!info) throw new Error(`${path} has no tensor ${name}`);
    return dequantize(info.type, await readTensor(info));
  };
}

export const goldenFamily = (family: FamilyName | Variant) =>
  goldenTensors(tinyModel(family, 'expected.safetensors'));
/** Returns the golden tensors of a GGUF, which are in two files. */
export const goldenGguf = (name: string) => {
  const isOlder = ['llama', 'qwen3', 'gemma3'].includes(name.split('.')[0]!);
  return goldenTensors(`${fixtures}gguf/expected${isOlder ? '' : '-families'}.safetensors`);
};

/** Returns a golden case's strengths as `[layers, heads]`. */
export function caseStrengths({ strength }: GoldenCase, layers: number, heads: number): Float32Array {
  return typeof strength === 'number'
    ? new Float32Array(layers * heads).fill(strength)
    : Float32Array.from(strength.flat());
}

export const range = ([start, end]: readonly [number, number]): TokenRange => ({ start, end });
