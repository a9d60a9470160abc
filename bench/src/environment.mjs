import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Returns what a reader must know about the machine to compare figures. */
export function describeMachine() {
  const cores = cpus();
  return {
    cpu: cores[0]?.model ?? 'unknown',
    cores: cores.length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
}

/**
 * Returns the name, size and hash of a model file. Reading the file for the hash also brings it into the page cache, so
 * the first subject to load it does not wait for the disk.
 *
 * @param {string} path
 */
export async function describeModel(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return { file: basename(path), sizeBytes: statSync(path).size, sha256: hash.digest('hex') };
}

/** Returns whether Holdfast is built: the benchmark runs the built files, not the sources. */
export function isHoldfastBuilt() {
  return existsSync(fileURLToPath(import.meta.resolve('holdfast')));
}
