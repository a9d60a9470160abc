import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectClose, spread } from '../conformance/compare.js';
import { golden, goldenFamily, pickRows } from '../conformance/fixtures.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Results of the page for the golden ids, as plain numbers. */
interface InBrowser {
  readonly logits: number[];
  readonly shares: number[];
  readonly greedy: number[];
  readonly words: string;
}

describe.skipIf(CHROMIUM === undefined)('in a browser', () => {
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let address = '';

  beforeAll(async () => {
    server = spawn(process.execPath, [`${root}scripts/serve.mjs`, '--port', '0'], { stdio: 'pipe' });
    for await (const line of createInterface({ input: server.stdout! })) {
      address = line;
      break;
    }
    browser = await chromium.launch({
      executablePath: CHROMIUM!,
      // Enable the software adapter, which browsers do not offer by default.
      args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
    });
    page = await browser.newPage();
  });
  afterAll(async () => {
    await browser?.close();
    server?.kill();
  });

  it('gives the golden logits and shares under split-softmax, and the golden continuation', async () => {
    const { ids, rows, cases, greedy } = golden('llama');
    const {
      case: number,
      target,
      strength,
    } = cases.find(({ policy, strength }) => policy === 'split-softmax' && typeof strength === 'number')!;
    await page.goto(address);
    await page.addScriptTag({ type: 'module', url: '/test/browser/golden-run.js' });
    const run = { folder: '/test/fixtures/models/llama', ids, target, strength, steps: 16 };
    // Pass a string: the compiled code of this file runs only in the test runner.
    const seen = await page.evaluate<InBrowser>(`goldenRun(${JSON.stringify(run)})`);
    const tensor = await goldenFamily('llama');
    const logits = await tensor(`case${number}.logits`);
    const recorded = pickRows(Float32Array.from(seen.logits), rows, ids.length, logits.length / rows.length);
    expectClose(recorded, logits, 1e-3 * spread(logits), 'logits in the browser');
    expectClose(seen.shares, await tensor(`case${number}.share_after`), 1e-4, 'shares in the browser');
    expect(seen.greedy).toEqual(greedy.off.slice(0, 16));
    expect(seen.words).toBe('a browser');
  });

  it('chats with the embedded model, and shows the shares of the prompt and the sink', async () => {
    await page.goto(address);
    await page.locator('#send:enabled').waitFor();
    await page.locator('#send').click();
    await page.locator('.share span:not(:empty)').waitFor();
    expect(await page.locator('.answer').textContent()).toMatch(/quartz/);
    expect(await page.locator('.share').textContent()).toMatch(/prompt \.\d{3} · sink \.\d{3}$/);
  });
});
