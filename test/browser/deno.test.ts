import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { denoPath } from '../../scripts/deno.mjs';
import { FAMILIES, type FamilyName } from '../support/families.js';
import { expectGoldenRun, type GoldenRun, goldenRunOf } from './golden.js';
import { root, serve } from './serve.js';

const deno = denoPath();
const FLAGS = ['--allow-all', '--unstable-webgpu', '--node-modules-dir=manual'];
/** Without the drivers that vitest.config.ts names for Dawn: Deno takes Mesa's, on which the division of work for a GPU takes seconds. */
const { VK_ADD_DRIVER_FILES: _, VK_LOADER_DRIVERS_DISABLE: __, ...ENVIRONMENT } = process.env;
const asks = 'navigator.gpu.requestAdapter().then((adapter) => console.log(adapter === null))';

/** Whether Deno is installed and finds a GPU or a software one. */
async function canRun(): Promise<boolean> {
  if (deno === null) return false;
  const { stdout } = await promisify(execFile)(deno, ['eval', '--unstable-webgpu', asks], {
    env: ENVIRONMENT,
  });
  return stdout.trim() === 'false';
}

describe.skipIf(!(await canRun()))('the browser’s entry in Deno', () => {
  it('gives the golden logits, shares and tokens of every family', async () => {
    const { server, address } = await serve();
    try {
      const folderOf = (family: FamilyName): string =>
        new URL(`/test/fixtures/models/${family}`, address).href;
      const runs = FAMILIES.map((family) => goldenRunOf(family, folderOf(family)));
      const args = ['run', ...FLAGS, 'test/browser/golden-run-deno.js', JSON.stringify(runs)];
      const options = { cwd: root, env: ENVIRONMENT, maxBuffer: 1 << 28 };
      const { stdout } = await promisify(execFile)(deno!, args, options);
      const lines = stdout.trim().split('\n');
      expect(lines).toHaveLength(FAMILIES.length);
      for (const [index, family] of FAMILIES.entries()) {
        await expectGoldenRun(JSON.parse(lines[index]!) as GoldenRun, family);
      }
    } finally {
      server.kill();
    }
  });
});
