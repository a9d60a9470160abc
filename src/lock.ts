import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError } from './errors.js';
import { readText } from './files/index.js';

/** A lock that is held until it is released or its process ends, even by a crash. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock with this name. Returns null if another process on this machine, or this one, holds it. See
 * `docs/decisions/0006-locks-die-with-their-process.md`.
 */
export function tryLock(name: string): Promise<Lock | null> {
  const id = `holdfast-${createHash('sha256').update(name).digest('hex').slice(0, 40)}`;
  if (process.platform === 'linux') return listenOn(`\0${id}`);
  return openExclusively(join(tmpdir(), `${id}.lock`));
}

/**
 * Returns an id that is equal for processes that see each other's locks: on Linux those of one network namespace of one boot
 * of a machine, elsewhere those of one machine. Two containers, or two machines on one network file system, do not.
 */
export async function lockReach(): Promise<string> {
  if (process.platform !== 'linux') return hostname();
  const [boot, network] = await Promise.all([
    // A sandbox may lack either.
    readText('/proc/sys/kernel/random/boot_id').catch(hostname),
    readlink('/proc/self/ns/net').catch(() => ''),
  ]);
  return `${boot.trim()} ${network}`;
}

/** Linux: listens on an address in the abstract namespace of Unix sockets. It has no file and ends with its process. */
function listenOn(address: string): Promise<Lock | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy()).unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(address, () => {
      resolve({ release: () => new Promise((released) => server.close(() => released())) });
    });
  });
}

/** libuv's `UV_FS_O_EXLOCK`, which Node does not export: the file is locked while it is open. */
const OPEN_LOCKED: Partial<Record<NodeJS.Platform, number>> = { darwin: 0x20, win32: 0x1000_0000 };

/** macOS and Windows: opens a file with a lock. The file remains afterwards and has no meaning. */
async function openExclusively(path: string): Promise<Lock | null> {
  const locked = OPEN_LOCKED[process.platform];
  if (locked === undefined) {
    throw new HoldfastError('E_UNSUPPORTED', `locks are not supported on ${process.platform}`, {
      hint: 'Studies and downloads need locks that end with their process: run on Linux, macOS or Windows',
    });
  }
  try {
    const { O_RDWR, O_CREAT, O_NONBLOCK = 0 } = constants;
    const file = await open(path, O_RDWR | O_CREAT | O_NONBLOCK | locked);
    return { release: () => file.close() };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EAGAIN' || code === 'EBUSY') return null;
    throw error;
  }
}
