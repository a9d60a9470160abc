import { renameSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { hasCode } from '../errors.js';

/** What Windows answers while another program, such as a virus scanner, has one of the two files open. */
const IN_USE: readonly unknown[] = ['EPERM', 'EACCES', 'EBUSY'];

/** Waits before each further try, in ms: 2.5 s in all. */
const WAITS_MS = [10, 40, 150, 300, 500, 500, 1000];

/** Gives a file its final name. On Windows, waits until the one that has it is not in use. */
export async function renameFile(from: string, to: string): Promise<void> {
  for (const waitMs of WAITS_MS) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (!isInUse(error)) throw error;
    }
    await pause(waitMs);
  }
  await rename(from, to);
}

/** Does the same as {@link renameFile}, synchronously. */
export function renameFileNow(from: string, to: string): void {
  for (const waitMs of WAITS_MS) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      if (!isInUse(error)) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, waitMs);
  }
  renameSync(from, to);
}

const isInUse = (error: unknown): boolean => process.platform === 'win32' && hasCode(error, IN_USE);
