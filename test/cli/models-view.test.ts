import { expect, it } from 'vitest';
import { modelsLines } from '../../src/cli/models/view.js';

it('lists what each cached model contains: safetensors, up to two quantisations by name, more by number', () => {
  const cached = (repo: string, unfinishedBytes: number, ...files: string[]) => {
    const revisions = [{ commit: 'c', refs: ['main'], files }];
    return { repo, folder: `/cache/${repo}`, bytes: 2048, unfinishedBytes, revisions };
  };
  const cache = [
    cached('o/a', 0, 'config.json', 'model.safetensors'),
    cached('o/b', 0, 'm-Q4_0.gguf', 'Q8_0/m-00001-of-00002.gguf', 'Q8_0/m-00002-of-00002.gguf'),
    cached('o/c', 1024, 'm-Q4_0.gguf', 'm-Q5_0.gguf', 'm-Q8_0.gguf'),
    cached('o/d', 0, 'README.md'),
  ];
  const report = { contextTokens: 4096, catalogue: [], cacheFolder: '/cache', cache };
  expect(modelsLines(report, (text) => text).slice(-7)).toEqual([
    'in the cache   on disk  contents',
    'o/a           2.00 KiB  safetensors',
    'o/b           2.00 KiB  GGUF Q4_0, GGUF Q8_0',
    'o/c           2.00 KiB  3 GGUFs, 1.00 KiB unfinished',
    'o/d           2.00 KiB  no weights',
    '',
    '/cache',
  ]);
});
