import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FAMILIES } from '../architectures/families.js';
import { kvBytesPerToken, parameterCount, planModel } from '../architectures/index.js';
import { EMBEDDED_MODEL } from '../load.js';
import { memoryBytes, readCatalogue } from './catalogue.js';
import { openModel } from './open.js';

const real = new URL('../../../shared/models/smollm2-135m-instruct/config.json', import.meta.url);
const entryOf = (name: string) => readCatalogue().find(({ model }) => model === name)!;

it('describes the embedded model as its files do', async () => {
  const files = await openModel(EMBEDDED_MODEL);
  const { blueprint } = await planModel(files.checkpoint, files.config);
  await files.close();
  const entry = entryOf('organism');
  expect(entry).toMatchObject({
    parameters: parameterCount(blueprint),
    family: blueprint.architecture,
    contextLength: blueprint.contextLength,
  });
  const cacheBytes = kvBytesPerToken(blueprint) * 2048;
  expect(memoryBytes(entry, 4096)).toBe(2 * parameterCount(blueprint) + cacheBytes);
  expect(memoryBytes(entry, 1024)).toBe(2 * parameterCount(blueprint) + cacheBytes / 2);
});

it.skipIf(!existsSync(real))('describes SmolLM2 as its configuration does', () => {
  const config = JSON.parse(readFileSync(real, 'utf8'));
  expect(entryOf('HuggingFaceTB/SmolLM2-135M-Instruct')).toMatchObject({
    family: config.model_type,
    layers: config.num_hidden_layers,
    kvHeads: config.num_key_value_heads,
    headDim: config.hidden_size / config.num_attention_heads,
    contextLength: config.max_position_embeddings,
  });
});

it('names every model once, by a name that is valid on the hub', () => {
  const names = readCatalogue().map(({ model }) => model);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names.slice(1)) expect(name).toMatch(/^[\w.-]+\/[\w.-]+$/);
  expect(names[0]).toBe('organism');
});

it('names only models of supported families', () => {
  const families = new Set(FAMILIES.map(({ name }) => name));
  for (const { model, family } of readCatalogue()) expect(families, model).toContain(family);
});
