import { expect, it } from 'vitest';
import { configFixture, modelFixture } from '../../test/support/model-fixtures.js';
import { kvBytesPerToken, parameterCount, planModel, printBlueprint } from './index.js';

it('prints a blueprint with equal layers on one line', async () => {
  const { blueprint } = await planModel(await modelFixture('gemma3'), await configFixture('gemma3'));
  expect(printBlueprint(blueprint)).toBe(
    [
      'gemma3, 7 layers, hidden 64, vocabulary 640, context 512, head tied to the embedding',
      'embeddings ×8',
      '215072 parameters, 1792 bytes of f32 keys and values per token',
      'layers 0–4, 6: 4 heads of 16, 2 key-value heads, window 16, rope base 10000, query and key norms, gelu-tanh MLP of 64, post-norms',
      'layers 5: 4 heads of 16, 2 key-value heads, full attention, rope base 1000000 linear ×8, query and key norms, gelu-tanh MLP of 64, post-norms',
    ].join('\n'),
  );
});

it('prints the four multipliers of granite', async () => {
  const { blueprint } = await planModel(await modelFixture('granite'), await configFixture('granite'));
  const text = printBlueprint(blueprint);
  expect(text).toMatch(/^embeddings ×0\.75, branches ×0\.7, logits ×0\.625$/m);
  expect(text).toMatch(/^layers .*, scores ×0\.4, /m);
});

it.each(['llama', 'mistral', 'qwen2', 'qwen3', 'gemma3'])(
  'counts as many parameters as the tiny %s has numbers',
  async (name) => {
    const checkpoint = await modelFixture(name);
    const { blueprint } = await planModel(checkpoint, await configFixture(name));
    const numbers = [...checkpoint.tensors.values()].map(({ byteLength }) => byteLength / 4);
    expect(parameterCount(blueprint)).toBe(numbers.reduce((a, b) => a + b, 0));
  },
);

it('counts the bytes of keys and values per token', async () => {
  const { blueprint } = await planModel(await modelFixture('llama'), await configFixture('llama'));
  expect(kvBytesPerToken(blueprint)).toBe(3 * 2 * 2 * 16 * 4);
  expect(kvBytesPerToken(blueprint, 2)).toBe(3 * 2 * 2 * 16 * 2);
});
