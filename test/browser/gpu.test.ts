import type { ChildProcess } from 'node:child_process';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectGoldenRun, type GoldenRun, goldenRunOf } from './golden.js';
import { serve } from './serve.js';
import { CHROMIUM, ready, say, texts } from './studio-page.js';

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

  it('runs the studio on WebGPU in a tab: an answer comes word by word, with its shares', async () => {
    // By itself the page takes the processor, which is faster than a GPU in software.
    await page.goto(new URL('/dist/studio/page/?executor=gpu', address).href);
    await ready(page);
    expect(await page.getByLabel('Runs on').locator('option:checked').textContent()).toBe('the GPU');
    expect(await page.getByRole('note').count()).toBe(0);
    await page.evaluate(`
      globalThis.lengths = new Set();
      new MutationObserver(() => {
        for (const text of document.querySelectorAll('.answer.held[aria-busy=true] .text')) {
          lengths.add(text.querySelectorAll('.token').length);
        }
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
    `);
    await say(page, 'Is soup healthy?');
    const [untouched, held] = await Promise.all(['untouched', 'held'].map((side) => texts(page, side)));
    expect(untouched![0]).toMatch(/quartz/);
    expect(await page.evaluate<number>('lengths.size')).toBeGreaterThan(2);
    const shares = await Promise.all(
      ['untouched', 'held'].map((side) => page.locator(`.answer.${side} .caption`).textContent()),
    );
    const [before, after] = shares.map((caption) => Number(/system message ([\d.]+) %/.exec(caption!)![1]));
    expect(after).toBeGreaterThan(before!);
    // The numbers are those of the processor: the same words are drawn from the same seed.
    await page.getByLabel('Runs on').selectOption('reference');
    await ready(page);
    await page.getByRole('button', { name: 'New' }).click();
    await say(page, 'Is soup healthy?');
    expect([await texts(page, 'untouched'), await texts(page, 'held')]).toEqual([untouched, held]);
  });
});
