import { describe, expect, it } from 'vitest';
import { parseSpec } from '../spec/index.js';
import { withFetchedModels, withModelPaths } from './model-paths.js';

const spec = parseSpec('name: x\nmodels: [organism, a/big.gguf]\nsources: organism\narms: [off]', 'x.yaml');

describe('models that lie elsewhere', () => {
  it('take their paths by name, the others keep theirs', () => {
    expect(withModelPaths(spec, { big: '/elsewhere' }).models.map(({ name, path }) => [name, path])).toEqual([
      ['organism', 'organism'],
      ['big', '/elsewhere'],
    ]);
  });

  it('have to be models of the study', () => {
    expect(() => withModelPaths(spec, { bog: '/a' })).toThrow(
      'E_USAGE: the study "x" has no model named "bog". Did you mean big?',
    );
    expect(() => withModelPaths(spec, { smollm: '/a' })).toThrow(/It has organism, big$/);
  });
});

it('models of the hub are fetched, the embedded ones are there', async () => {
  const { models } = await withFetchedModels(spec, async (path) => `/cache/${path}`);
  expect(models.map(({ path }) => path)).toEqual(['organism', '/cache/a/big.gguf']);
});
