import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectGoldenRun, type GoldenRun, goldenRunOf, serve } from './golden.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));

describe.skipIf(CHROMIUM === undefined)('in a browser', () => {
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let address = '';

  beforeAll(async () => {
    ({ server, address } = await serve());
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
    await page.goto(address);
    await page.addScriptTag({ type: 'module', url: '/test/browser/golden-run.js' });
    const run = goldenRunOf('llama', '/test/fixtures/models/llama');
    // Pass a string: the compiled code of this file runs only in the test runner.
    const seen = await page.evaluate<GoldenRun>(`goldenRun(${JSON.stringify(run)})`);
    await expectGoldenRun(seen, 'llama');
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
