import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { COMMIT } from '../../test/support/loopback-hub.js';
import { HubCache } from './hub-cache.js';

function cacheWith(ref: string): HubCache {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-cache-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const cache = new HubCache(folder);
  const repo = cache.repoFolder('owner/model');
  mkdirSync(join(repo, 'refs', ref, '..'), { recursive: true });
  writeFileSync(join(repo, 'refs', ref), COMMIT);
  mkdirSync(cache.snapshot('owner/model', COMMIT), { recursive: true });
  return cache;
}

it('finds revisions with slashes in their names, as those of pull requests', async () => {
  const cache = cacheWith('refs/pr/1');
  expect(await cache.scan()).toMatchObject([{ revisions: [{ commit: COMMIT, refs: ['refs/pr/1'] }] }]);
  expect(await cache.commitOf('owner/model', 'refs/pr/1')).toBe(COMMIT);
  expect(await cache.commitOf('owner/model', 'refs/pr')).toBeNull();
});

it('treats a link to itself as a missing file', async () => {
  const cache = cacheWith('main');
  symlinkSync('config.json', join(cache.snapshot('owner/model', COMMIT), 'config.json'));
  expect(await cache.filesOf('owner/model', COMMIT)).toEqual([]);
});
