import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('npm run test:deno', () => {
  it('refuses a test file that Deno does not run, also beside one that it does', () => {
    for (const others of [[], ['test/conformance/gpu-extremes.test.ts']]) {
      const args = [...others, 'test/conformance/policies.test.ts', './test/browser/gpu.test.ts'];
      const { status, stderr } = spawnSync(process.execPath, ['scripts/test-deno.mjs', ...args], {
        cwd: root,
        encoding: 'utf8',
      });
      expect(stderr).toBe(
        'Deno runs only test/conformance/gpu*.test.ts. Run in Node: npx vitest run test/conformance/policies.test.ts ./test/browser/gpu.test.ts\n',
      );
      expect(status).toBe(1);
    }
  });
});

describe('a test file of the gpu executor', () => {
  it.skipIf(process.platform !== 'linux')('says why it is skipped if there is no GPU', () => {
    const args = ['node_modules/vitest/vitest.mjs', 'run', 'test/conformance/gpu-dispatches.test.ts'];
    const { stdout } = spawnSync(process.execPath, args, {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, VK_DRIVER_FILES: '/none' },
    });
    expect(stdout).toContain('tests on the GPU are skipped: WebGPU finds no GPU');
  });
});
