#!/usr/bin/env node
/**
 * Runs tests of the gpu executor in Deno with lavapipe's vectors of 128, 256 and 512 bits, so that 4, 8 and 16 threads run in
 * step. `node scripts/lavapipe-widths.mjs [TEST_FILE …]`; without files, golden cases divided for a GPU, and long sequences.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = process.argv.slice(2);
const chosen =
  files.length > 0
    ? files
    : ['gpu-workgroups', 'gpu-lengths'].map((name) => `test/conformance/${name}.test.ts`);
for (const bits of [128, 256, 512]) {
  console.log(`vectors of ${bits} bits`);
  const env = { ...process.env, LP_NATIVE_VECTOR_WIDTH: `${bits}` };
  const args = ['scripts/test-deno.mjs', ...chosen];
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
