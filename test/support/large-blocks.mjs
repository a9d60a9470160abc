/**
 * Prints how many MiB stay in memory after large arrays were freed, each a little larger than the one before, with others
 * between them that stay. To be run with --expose-gc, in a process of its own.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { loadLibrary } from '../../dist/executors/ggml/library.js';

const MIB = 2 ** 20;
const resident = () =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
const free = async () => {
  globalThis.gc();
  await wait(20);
};

loadLibrary('cpu');
// glibc takes blocks up to this size from its heap after it has seen one freed.
new Uint8Array(31 * MIB).fill(1);
await free();
const before = resident();
const kept = [];
for (let i = 0; i < 12; i++) {
  new Uint8Array((8 + i) * MIB).fill(1);
  kept.push(new Uint8Array(MIB / 2).fill(1));
  await free();
}
console.log(Math.round(resident() - before - kept.length / 2));
