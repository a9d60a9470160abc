import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FamilyName } from '../../test/support/families.js';
import { configFixture, modelFixture } from '../../test/support/model-fixtures.js';
import { planModel } from '../architectures/index.js';
import { createReferenceExecutor, type Executor } from '../executors/index.js';
import { dequantize, memorySource, openSafetensors, readTensor } from '../formats/index.js';
import { compareOperations } from './index.js';

/** Families whose operations in transformers are recorded. */
const RECORDED = readdirSync(new URL('../../test/fixtures/operations', import.meta.url)).map(
  (file) => file.replace('.safetensors', '') as FamilyName,
);

/** Results of transformers for eight tokens: see test/oracle/operations.py. */
async function golden(family: FamilyName): Promise<{ ids: number[]; floats: Map<string, Float32Array> }> {
  const file = readFileSync(new URL(`../../test/fixtures/operations/${family}.safetensors`, import.meta.url));
  const { tensors } = await openSafetensors(memorySource(file, family));
  const floats = new Map<string, Float32Array>();
  for (const [name, info] of tensors) {
    if (name !== 'ids') floats.set(name, dequantize(info.type, await readTensor(info)));
  }
  const ids = new BigInt64Array(Uint8Array.from(await readTensor(tensors.get('ids')!)).buffer);
  return { ids: Array.from(ids, Number), floats };
}

/** A fixture's model with some fields of its config.json changed. */
async function executorOf(family: FamilyName, change: Record<string, unknown> = {}): Promise<Executor> {
  const checkpoint = await modelFixture(family);
  const config = { ...(await configFixture(family, 'config.v4.json')), ...change };
  return createReferenceExecutor(await planModel(checkpoint, config), checkpoint);
}

/** The first operation whose difference is larger than rounding explains. */
async function firstToPart(family: FamilyName, executor: Executor): Promise<string | undefined> {
  const { ids, floats } = await golden(family);
  const differences = await compareOperations(executor, ids, floats);
  return differences.find(({ difference }) => !(difference <= 1e-3))?.operation;
}

describe('compareOperations', () => {
  it.each(RECORDED)('finds that every operation of %s agrees with transformers', async (family) => {
    const { ids, floats } = await golden(family);
    // Phi-3 chooses its rope by the context length; eight tokens are within the original length in both.
    const differences = await compareOperations(await executorOf(family), ids, floats);
    expect(Math.max(...differences.map(({ difference }) => difference))).toBeLessThan(1e-5);
    const compared = new Set(differences.map(({ operation }) => operation));
    // A layer without rope passes its queries and keys to attention unchanged, under another name.
    const left = [...floats.keys()].filter((name) => !compared.has(name));
    expect(left).toEqual(family === 'smollm3' ? ['layers.3.keyRotated', 'layers.3.queryRotated'] : []);
  });

  it.each<readonly [FamilyName, Record<string, unknown>, string]>([
    ['gemma2', { attn_logit_softcapping: 50 }, 'layers.0.heads'],
    ['gemma2', { query_pre_attn_scalar: 24 }, 'layers.0.heads'],
    ['smollm3', { no_rope_layers: [1, 0, 1, 0, 1] }, 'layers.1.heads'],
    ['smollm3', { rope_theta: 10000 }, 'layers.0.queryRotated'],
    ['phi3', { partial_rotary_factor: undefined, rope_scaling: null }, 'layers.0.queryRotated'],
    ['olmo2', { rms_norm_eps: 1 }, 'layers.0.queryNorm'],
    ['granite', { embedding_multiplier: 1 }, 'hidden.0'],
    ['granite', { attention_multiplier: 0.25 }, 'layers.0.heads'],
    ['granite', { residual_multiplier: 1 }, 'layers.0.mlpNorm'],
    ['granite', { logits_scaling: 1 }, 'logits'],
    ['gemma2', { final_logit_softcapping: null }, 'logits'],
  ])('names the first operation of %s that a wrong %j makes another', async (family, change, operation) => {
    expect(await firstToPart(family, await executorOf(family, change))).toBe(operation);
  });

  it('counts a NaN as a difference', async () => {
    const executor = await executorOf('olmo2');
    const { ids, floats } = await golden('olmo2');
    floats.get('layers.1.up')![5] = Number.NaN;
    const differences = await compareOperations(executor, ids, floats);
    expect(differences.find(({ difference }) => !(difference <= 1e-3))).toMatchObject({
      operation: 'layers.1.up',
      token: 0,
      element: 5,
    });
  });

  it('compares only hidden states and logits for an executor without observe', async () => {
    const { observe: _, ...rest } = { ...(await executorOf('granite')), observe: undefined };
    const executor = await executorOf('granite');
    const blind: Executor = {
      ...rest,
      name: 'cpu',
      blueprint: executor.blueprint,
      precision: 'f32',
      open: (contextLength) => executor.open(contextLength),
      forward: (...args) => executor.forward(...args),
      dispose: () => executor.dispose(),
    };
    const { ids, floats } = await golden('granite');
    floats.get('logits')!.fill(99);
    const differences = await compareOperations(blind, ids, floats);
    expect(differences.map(({ operation, difference }) => [operation, difference < 1e-3])).toEqual([
      ['hidden.0', true],
      ['hidden.1', true],
      ['hidden.2', true],
      ['hidden.3', true],
      ['logits', false],
    ]);
  });

  it('refuses tensors of other tokens, and tensors that are not operations', async () => {
    const executor = await executorOf('granite');
    const { ids, floats } = await golden('granite');
    const fewer = compareOperations(executor, ids.slice(1), floats);
    await expect(fewer).rejects.toMatchObject({
      code: 'E_USAGE',
      message: /hidden\.0 does not match: .* 7 tokens of 64/,
    });
    const other = compareOperations(executor, ids, new Map([['loss', new Float32Array(8)]]));
    await expect(other).rejects.toMatchObject({ code: 'E_USAGE' });
  });
});
