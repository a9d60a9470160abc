import { describe, expect, it } from 'vitest';
import { configFixture, ggufFixture, modelFixture } from '../../test/support/model-fixtures.js';
import { planModel } from './index.js';

const FAMILIES = ['llama', 'mistral', 'qwen2', 'qwen3', 'gemma3'] as const;

describe.each(FAMILIES)('the tiny %s', (name) => {
  it('has the same blueprint and weights by either spelling of config.json', async () => {
    const checkpoint = await modelFixture(name);
    const plan = await planModel(checkpoint, await configFixture(name));
    expect(plan.blueprint.architecture).toBe(name);
    expect(plan.weights.size).toBe(checkpoint.tensors.size);
    expect(await planModel(checkpoint, await configFixture(name, 'config.v4.json'))).toEqual(plan);
  });
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
});
