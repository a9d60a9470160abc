#!/usr/bin/env node
/**
 * Runs the tests of the gpu executor in Deno, which has another WebGPU than Dawn: wgpu and naga, as in Firefox. Without
 * a GPU it uses Mesa's lavapipe, a software GPU that is ten times as fast as Dawn's. `npm run test:deno -- VITEST_ARGS`
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { denoPath } from './deno.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const deno = denoPath();
if (deno === null) {
  console.log(
    'tests in Deno are skipped: the package deno has no program for this platform, or is not installed',
  );
} else {
  const vitest = ['--node-modules-dir=manual', 'node_modules/vitest/vitest.mjs', 'run'];
  const args = ['run', '--allow-all', '--unstable-webgpu', ...vitest, ...process.argv.slice(2)];
  const { status, error } = spawnSync(deno, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}
