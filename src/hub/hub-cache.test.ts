import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { link, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { COMMIT } from '../../test/support/loopback-hub.js';
import { HubCache } from './hub-cache.js';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, link: vi.fn(real.link), symlink: vi.fn(real.symlink) };
});

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

describe('where a snapshot cannot have symbolic links', () => {
  const hash = 'ab'.repeat(20);
  const file = { path: 'config.json', bytes: 3, hash, hashKind: 'git' as const };
  const forbidden = (code: string): Error => Object.assign(new Error(code), { code, syscall: 'symlink' });

  /** A cache with one blob, and the path of the snapshot's file. */
  function withBlob(): { cache: HubCache; at: string; blob: string } {
    const cache = cacheWith('main');
    const blob = cache.blob('owner/model', hash);
    mkdirSync(join(blob, '..'));
    writeFileSync(blob, '{ }');
    return { cache, blob, at: join(cache.snapshot('owner/model', COMMIT), 'config.json') };
  }

  it.each([
    ['has hard links, as on NTFS without the right to make others', [], true],
    ['has the blobs themselves, as on a disk without links', [forbidden('EISDIR')], false],
  ])('it %s', async (_, hardLinks, keepsBlob) => {
    const { cache, at, blob } = withBlob();
    vi.mocked(symlink).mockRejectedValueOnce(forbidden('EPERM'));
    for (const error of hardLinks) vi.mocked(link).mockRejectedValueOnce(error);
    await cache.link('owner/model', COMMIT, file.path, hash);
    expect(lstatSync(at).isFile()).toBe(true);
    expect(readFileSync(at, 'utf8')).toBe('{ }');
    expect(await cache.has('owner/model', COMMIT, file)).toBe(true);
    expect(readdirSync(join(blob, '..'))).toEqual(keepsBlob ? [hash] : []);
  });

  it('fails with another error than these', async () => {
    const { cache } = withBlob();
    vi.mocked(symlink).mockRejectedValueOnce(forbidden('EIO'));
    await expect(cache.link('owner/model', COMMIT, file.path, hash)).rejects.toThrow(/^E_UNWRITABLE: .*EIO/);
  });
});
