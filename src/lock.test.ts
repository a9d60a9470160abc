import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { failure, onPlatform } from '../test/support/other-platform.js';
import { tryLock } from './lock.js';

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  open: vi.fn(),
}));

const fails = (code: string): void => void vi.mocked(open).mockRejectedValueOnce(failure(code));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.mocked(open).mockReset();
});

/** What a file that is open with a lock is opened with, and what another process then gets: as in libuv's sources. */
describe.each<[NodeJS.Platform, number, string]>([
  ['darwin', 0x20, 'EAGAIN'],
  ['win32', 0x1000_0000, 'EBUSY'],
])('a lock on %s', (platform, flag, taken) => {
  it('is a file that is open with a lock until it is released', async () => {
    onPlatform(platform);
    const close = vi.fn(async () => {});
    vi.mocked(open).mockResolvedValueOnce({ close } as never);
    const lock = await tryLock('name');
    const [path, flags] = vi.mocked(open).mock.lastCall!;
    expect(path).toMatch(/holdfast-[0-9a-f]{40}\.lock$/);
    expect(Number(flags) & flag).toBe(flag);
    expect(Number(flags) & constants.O_CREAT).toBe(constants.O_CREAT);
    expect(close).not.toHaveBeenCalled();
    await lock!.release();
    expect(close).toHaveBeenCalledOnce();
  });

  it('is refused while another process has it, and its other errors are told', async () => {
    onPlatform(platform);
    fails(taken);
    expect(await tryLock('name')).toBeNull();
    fails('EACCES');
    await expect(tryLock('name')).rejects.toThrow('EACCES');
  });
});

it('there are no locks on a system that has none which end with their process', async () => {
  onPlatform('aix');
  await expect(tryLock('name')).rejects.toThrow(/^E_UNSUPPORTED: locks are not supported on aix/);
});
