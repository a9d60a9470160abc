import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { hubPlace } from '../../test/support/hub-place.js';
import { hashOf } from '../../test/support/loopback-hub.js';
import { pullModel } from './locate.js';
import { parseHubName } from './model-name.js';

/** Whether removing a file fails, as on a file system that has become read-only. */
const disk = vi.hoisted(() => ({ keepsFiles: false }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const rm: typeof real.rm = async (...given) => {
    if (disk.keepsFiles) throw Object.assign(new Error('read-only'), { code: 'EROFS' });
    await real.rm(...given);
  };
  return { ...real, rm };
});

/** Locks that are not shared, like those of two containers with one cache. */
vi.mock('../lock.js', () => ({ tryLock: async () => ({ release: async () => {} }) }));

it('lets two processes download the same file correctly without a shared lock', async () => {
  const weights = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
  const { hub, cache, cached } = await hubPlace({ 'owner/model': { files: { 'model.gguf': weights } } });
  hub.misbehave.set('model.gguf', [
    { dripBytes: 20_000, everyMs: 40 },
    { dripBytes: 20_000, everyMs: 60 },
  ]);
  const settings = { endpoint: hub.endpoint, cache, token: null, offline: false };
  const name = parseHubName('owner/model', hub.endpoint)!;
  const pull = () => pullModel(name, { settings, onNote() {} });
  const ended = await Promise.allSettled([pull(), pull()]);
  expect(hub.fetches()).toHaveLength(2);
  const blob = `models--owner--model/blobs/${hashOf('model.gguf', weights)}`;
  expect(readFileSync(join(cache, blob))).toEqual(Buffer.from(weights));
  expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  expect(cached().filter((file) => file.includes('incomplete'))).toEqual([]);
});

it('says why a download failed, not why what it left cannot be removed', async () => {
  const weights = new Uint8Array(1000).fill(7);
  const { hub, cache, cached } = await hubPlace({ 'owner/model': { files: { 'model.gguf': weights } } });
  hub.misbehave.set('model.gguf', [{ content: weights.map((byte) => byte ^ 1) }]);
  const settings = { endpoint: hub.endpoint, cache, token: null, offline: false };
  disk.keepsFiles = true;
  try {
    const pull = pullModel(parseHubName('owner/model', hub.endpoint)!, { settings, onNote() {} });
    await expect(pull).rejects.toThrow(/^E_HUB: .*its hash is not the one that the hub lists/);
    expect(cached().filter((file) => file.includes('incomplete'))).toHaveLength(1);
  } finally {
    disk.keepsFiles = false;
  }
});
