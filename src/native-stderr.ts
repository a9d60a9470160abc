import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeUtf8 } from './utf8.js';

/** A result, and what native code wrote to standard error meanwhile. */
export interface Caught<T> {
  readonly result: T;
  readonly written: string;
}

/** Calls a function and keeps back what it writes to standard error. */
export type CatchStderr = <T>(call: () => T) => Caught<T>;

const STDERR = 2;

/**
 * Returns a function that catches what native libraries write to standard error, past Node's streams. The call must be
 * synchronous, so that nothing else is caught. Where koffi does not run, and on Windows, nothing is kept back.
 */
export async function stderrCatcher(): Promise<CatchStderr> {
  const descriptors =
    process.platform === 'win32' ? null : await import('./koffi.js').then(loadDescriptors, () => null);
  if (descriptors === null) return (call) => ({ result: call(), written: '' });
  const { dup, dup2 } = descriptors;
  return (call) => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
    const file = openSync(join(folder, 'stderr'), 'wx+');
    rmSync(folder, { recursive: true });
    const kept = dup(STDERR);
    dup2(file, STDERR);
    try {
      const result = call();
      const bytes = Buffer.alloc(fstatSync(file).size);
      readSync(file, bytes, 0, bytes.length, 0);
      return { result, written: decodeUtf8(bytes, 'standard error') };
    } finally {
      dup2(kept, STDERR);
      closeSync(kept);
      closeSync(file);
    }
  };
}

/** Binds POSIX' dup and dup2. */
function loadDescriptors({ koffi }: typeof import('./koffi.js')): {
  readonly dup: (file: number) => number;
  readonly dup2: (file: number, as: number) => number;
} {
  const libc = koffi.load(null);
  return { dup: libc.func('int dup(int)'), dup2: libc.func('int dup2(int, int)') };
}
