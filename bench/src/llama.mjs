import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getLlama, LlamaLogLevel, NoBinaryFoundError } from 'node-llama-cpp';

/**
 * Loads llama.cpp from the packaged binary. Never downloads or compiles.
 *
 * @param {number} threads
 * @param {'cuda' | false} gpu
 */
export async function openLlama(threads, gpu = false) {
  return getLlama({
    gpu,
    maxThreads: threads,
    build: 'never',
    skipDownload: true,
    progressLogs: false,
    logLevel: LlamaLogLevel.error,
  }).catch((cause) => {
    if (gpu === false || !(cause instanceof NoBinaryFoundError)) throw cause;
    throw new Error(`node-llama-cpp has no binary for ${gpu}: install it as described in README.md`, {
      cause,
    });
  });
}

/** Returns the version of node-llama-cpp. */
export function packageVersion() {
  const entry = fileURLToPath(import.meta.resolve('node-llama-cpp'));
  const manifest = `${entry.slice(0, entry.lastIndexOf('/dist/'))}/package.json`;
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}
