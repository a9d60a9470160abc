import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { denoTests } from './scripts/deno.mjs';

/** Whether Deno runs the tests, see scripts/test-deno.mjs. It runs those of the gpu executor only. */
const inDeno = 'Deno' in globalThis;

// Tests of the gpu executor use the adapter of this machine. Debian's chromium includes a software GPU and a Vulkan loader.
// The environment must name both before a process starts.
const chromium = '/usr/lib/chromium';
if (!inDeno && existsSync(`${chromium}/vk_swiftshader_icd.json`)) {
  process.env.VK_ADD_DRIVER_FILES ??= `${chromium}/vk_swiftshader_icd.json`;
  process.env.LD_LIBRARY_PATH = [process.env.LD_LIBRARY_PATH, chromium].filter(Boolean).join(':');
  // Dawn rejects Mesa's software GPU, with a warning each time.
  process.env.VK_LOADER_DRIVERS_DISABLE ??= '*lvp*';
}
process.env.XDG_RUNTIME_DIR ??= tmpdir();

// No test asks the hub, or depends on what this machine has fetched: those that fetch have a hub and a cache of their own.
process.env.HF_HUB_OFFLINE = '1';
process.env.HF_HUB_CACHE = join(tmpdir(), 'holdfast-no-cache');

// Nor has any the configuration and the history of whoever runs it.
process.env.XDG_CONFIG_HOME = join(tmpdir(), 'holdfast-no-config');
process.env.XDG_STATE_HOME = join(tmpdir(), 'holdfast-state');

/**
 * Files that replace something in their process, collect its garbage, which takes long where there is much, or open a GPU or a
 * browser there.
 */
const needsProcess =
  /\bvi\.|\bcollectGarbage\b|\bsendNotesTo\b|\bprocess\.env\b|\/support\/gpu\.js|\/dawn\.js|from 'webgpu'|\bplaywright-core\b/;

/** The tests that need no process of their own, so that many files can share one. */
const shared = ['src', 'test'].flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .filter((path) => !needsProcess.test(readFileSync(new URL(path, import.meta.url), 'utf8'))),
);

export default defineConfig({
  // The build puts `src` and `kernels` into one folder, so `src` imports kernels by the path that they have there.
  resolve: {
    alias: [
      { find: /^(?:\.\.\/)+kernels\//, replacement: fileURLToPath(new URL('kernels/', import.meta.url)) },
    ],
  },
  test: {
    reporters: ['default', fileURLToPath(new URL('test/support/skip-report.ts', import.meta.url))],
    // In a shared process the sources are loaded once, not once for each file.
    projects: inDeno
      ? [{ extends: true, test: { name: 'deno', include: denoTests() } }]
      : [
          {
            extends: true,
            test: {
              name: 'alone',
              include: ['src/**/*.test.ts', 'studio/**/*.test.ts', 'test/**/*.test.ts'],
              exclude: shared,
              sequence: { groupOrder: 0 },
            },
          },
          {
            extends: true,
            test: { name: 'shared', include: shared, isolate: false, sequence: { groupOrder: 1 } },
          },
        ],
    // The suites are compute-bound on small machines: two workers, generous time, and no test that measures time.
    maxWorkers: 2,
    setupFiles: [fileURLToPath(new URL('test/support/equal-bytes.ts', import.meta.url))],
    // What is built runs as it is.
    server: { deps: { external: [/\/dist\/cli\//] } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
