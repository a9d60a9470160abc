import { describe, expect, it } from 'vitest';
import { FAMILIES, VARIANTS } from '../../test/support/families.js';
import { configFixture, ggufFixture, modelFixture } from '../../test/support/model-fixtures.js';
import type { MetadataValue, TensorInfo } from '../formats/index.js';
import { planModel, tensorShapes } from './index.js';
import { qwen2 } from './qwen2.js';
import { tensorNames } from './tensor-names.js';
import { demandedWeights } from './weight-shapes.js';

describe.each([...FAMILIES, ...VARIANTS])('the tiny %s', (name) => {
  it('has the same blueprint and weights from the config.json of transformers 4 and 5', async () => {
    const checkpoint = await modelFixture(name);
    const plan = await planModel(checkpoint, await configFixture(name));
    expect(plan.blueprint.architecture).toBe(name.split('-')[0]);
    expect(new Set([...plan.weights.values()].map(({ tensor }) => tensor))).toEqual(
      new Set(checkpoint.tensors.keys()),
    );
    expect(await planModel(checkpoint, await configFixture(name, 'config.v4.json'))).toEqual(plan);
  });

  it('has the tensors that follow from its config.json', async () => {
    const { tensors } = await modelFixture(name);
    const stored = [...tensors].map(([tensor, { shape }]) => [tensor, shape] as const);
    expect(tensorShapes(await configFixture(name))).toEqual(new Map(stored));
  });
});

it('the tensors of a config.json that no model can have are refused as the model is', async () => {
  const layer_types = ['full_attention', 'sliding_attention', 'full_attention'];
  const config = { ...(await configFixture('qwen3')), layer_types };
  const refusal = expect.objectContaining({ code: 'E_CONFIG', field: 'layer_types' });
  expect(() => tensorShapes(config)).toThrow(refusal);
  await expect(planModel(await modelFixture('qwen3'), config)).rejects.toThrow(refusal);
});

describe('a GGUF', () => {
  it.each([
    ['llama', 'llama.F32.gguf'],
    ['llama', 'llama.Q4_0.gguf'],
    ['qwen3', 'qwen3.F16.gguf'],
    ['gemma3', 'gemma3.Q8_0.gguf'],
  ])('of the tiny %s has the blueprint of its config.json (%s)', async (name, file) => {
    const fromConfig = await planModel(await modelFixture(name), await configFixture(name));
    const fromGguf = await planModel(await ggufFixture(file));
    expect(fromGguf.blueprint).toEqual(fromConfig.blueprint);
    expect([...fromGguf.weights.keys()]).toEqual([...fromConfig.weights.keys()]);
  });

  it('of a qwen2 has the blueprint of its config.json, including biases, with rows in order', async () => {
    const checkpoint = await modelFixture('qwen2');
    const original = await planModel(checkpoint, await configFixture('qwen2'));
    const names = tensorNames({ ...checkpoint, format: 'gguf' }, qwen2);
    const tensors = new Map<string, TensorInfo>();
    for (const { name, place } of demandedWeights(original.blueprint)) {
      const renamed = place.layer === null ? names[place.weight] : names.layer(place.layer, place.weight);
      tensors.set(renamed, checkpoint.tensors.get(original.weights.get(name)!.tensor)!);
    }
    const metadata = new Map<string, MetadataValue>([
      ['general.architecture', 'qwen2'],
      ['qwen2.block_count', 3],
      ['qwen2.context_length', 512],
      ['qwen2.embedding_length', 64],
      ['qwen2.feed_forward_length', 96],
      ['qwen2.attention.head_count', 4],
      ['qwen2.attention.head_count_kv', 2],
      ['qwen2.attention.layer_norm_rms_epsilon', Math.fround(1e-5)],
      ['qwen2.rope.freq_base', 1e6],
    ]);
    const plan = await planModel({ format: 'gguf', name: 'qwen2.gguf', tensors, metadata });
    expect(plan.blueprint).toEqual(original.blueprint);
    expect(plan.weights.get('layers.0.query')).toEqual({ tensor: 'blk.0.attn_q.weight' });
    expect(plan.weights.get('layers.2.keyBias')).toEqual({ tensor: 'blk.2.attn_k.bias' });
  });
});
