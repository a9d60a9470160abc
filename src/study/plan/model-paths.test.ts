import { describe, expect, it } from 'vitest';
import { parseSpec } from '../spec/index.js';
import { withFetchedModels, withModelPaths } from './model-paths.js';

const spec = parseSpec('name: x\nmodels: [organism, a/big.gguf]\nsources: organism\narms: [off]', 'x.yaml');

describe('withModelPaths', () => {
  it('replaces the paths of named models and keeps the others', () => {
    expect(withModelPaths(spec, { big: '/elsewhere' }).models.map(({ name, path }) => [name, path])).toEqual([
      ['organism', 'organism'],
      ['big', '/elsewhere'],
    ]);
  });

  it('rejects names that are not models of the study', () => {
    expect(() => withModelPaths(spec, { bog: '/a' })).toThrow(
      'E_USAGE: the study "x" has no model named "bog". Did you mean big?',
    );
    expect(() => withModelPaths(spec, { smollm: '/a' })).toThrow(/Known: organism, big$/);
  });
});

it('withFetchedModels fetches models from the hub and leaves embedded ones alone', async () => {
  const { models } = await withFetchedModels(spec, async (path) => `/cache/${path}`);
  expect(models.map(({ path }) => path)).toEqual(['organism', '/cache/a/big.gguf']);
});
