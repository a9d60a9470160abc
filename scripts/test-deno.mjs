#!/usr/bin/env node
/**
 * Runs the tests of the gpu executor in Deno, which has another WebGPU than Dawn: wgpu and naga, as in Firefox. Without
 * a GPU it uses Mesa's lavapipe, a software GPU that is ten times as fast as Dawn's. `npm run test:deno -- VITEST_ARGS`
 */
import { spawnSync } from 'node:child_process';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { denoPath, denoTests } from './deno.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const deno = denoPath();
const refused = args.filter((arg) => arg.endsWith('.test.ts') && !isDenoTest(arg));
if (refused.length > 0) {
  console.error(
    `Deno runs only test/conformance/gpu*.test.ts. Run in Node: npx vitest run ${refused.join(' ')}`,
  );
  process.exitCode = 1;
} else if (deno === null) {
  console.log(
    'tests in Deno are skipped: the package deno has no program for this platform, or is not installed',
  );
} else {
  const vitest = ['--node-modules-dir=manual', 'node_modules/vitest/vitest.mjs', 'run'];
  const flags = ['run', '--allow-all', '--unstable-webgpu'];
  const { status, error } = spawnSync(deno, [...flags, ...vitest, ...args], { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}

/** Returns whether vitest finds a file that Deno runs for this argument, which is a part of the file's path. */
function isDenoTest(arg) {
  return denoTests().some((file) => join(root, file).includes(normalize(arg)));
}
