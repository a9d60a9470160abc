import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, succeed } from '../cli/holdfast.js';
import { CHROMIUM, expectAccessible, startBrowser } from './studio-page.js';

const HOSTILE = '</script><img src=x onerror="document.title=1"><!--';
const DIALOGUE = [
  { role: 'system', content: `Hold fast. ${HOSTILE}` },
  { role: 'user', content: 'Where does it end?' },
  { role: 'assistant', content: 'At the\n\nend.' },
  { role: 'user', content: 'And now? 谢谢' },
];

/** Opens a page from its file, and reports what it asks for and what it complains of. */
async function open(browser: Browser, file: string, width: number) {
  const context = await browser.newContext({ viewport: { width, height: 800 } });
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.locator('.words .token').first().waitFor();
  return { page, errors, requests };
}

const chosen = async (page: Page): Promise<string> =>
  (await page.locator('.trace-token .token-head').textContent())!;

describe.skipIf(CHROMIUM === undefined)('the page of a trace', () => {
  let browser: Browser;
  let folder = '';
  let file = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-trace-page-'));
    const dialogue = join(folder, 'dialogue.json');
    writeFileSync(dialogue, JSON.stringify(DIALOGUE));
    file = join(folder, 'page.html');
    await succeed(['trace', fixture('models/llama'), '--chat', dialogue, '--threads', '1', '--html', file]);
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('opens from its file and asks for nothing else; words are text', async () => {
    const { page, errors, requests } = await open(browser, file, 1280);
    const shown = (await page.locator('.words .text .token').allTextContents()).join('').replaceAll('⏎', '');
    for (const { content } of DIALOGUE) expect(shown).toContain(content);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toMatch(/^Trace of /);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(file).href]);
    const policy = await page.locator('meta[http-equiv]').getAttribute('content');
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha256-[^ ]+'/);
    expect(policy).not.toContain('unsafe');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows where a word looks, under the pointer, by the keyboard, and in one head', async () => {
    const { page, errors } = await open(browser, file, 1280);
    const word = page.locator('.words .token', { hasText: 'end' }).first();
    await word.hover();
    await expect.poll(() => chosen(page)).toMatch(/end/);
    await page.locator('.words .token.chosen').waitFor();
    const number = Number(await word.getAttribute('data-token')) + 1;
    const strip = page.getByRole('slider', { name: 'Where each word looks' });
    await page.mouse.move(1, 1);
    await strip.focus();
    await page.keyboard.press('Home');
    await expect.poll(() => chosen(page)).toMatch(/token 1 of /);
    for (let step = 1; step < number; step++) await page.keyboard.press('ArrowRight');
    await expect.poll(() => chosen(page)).toMatch(new RegExp(`token ${number} of `));
    await page.keyboard.press('End');
    await page.keyboard.press('PageDown');
    const count = await page.locator('.words .token').count();
    const leapt = count - Math.ceil(count / 20);
    await expect.poll(() => chosen(page)).toMatch(new RegExp(`token ${leapt} of `));

    const sums = async (): Promise<number> => {
      const texts = await page.locator('.parts .number').allTextContents();
      return texts.slice(0, 6).reduce((sum, text) => sum + (Number.parseFloat(text) || 0), 0);
    };
    expect(await sums()).toBeGreaterThan(97);
    const mean = await page.locator('.parts').textContent();
    await page.getByRole('slider', { name: 'Head' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.locator('.trace-token .label-row').textContent()).toMatch(/layer 1, head 1/);
    expect(await page.locator('.parts').textContent()).not.toBe(mean);
    expect(await sums()).toBeGreaterThan(97);
    await page.keyboard.press('Escape');
    expect(await page.locator('.parts').textContent()).toBe(mean);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it.each([400, 1280])(
    'has no accessibility violation and no sideways scroll at %d pixels',
    async (width) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page } = await open(browser, file, width);
        await page.emulateMedia({ colorScheme });
        await expectAccessible(page, colorScheme);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
        await page.context().close();
      }
    },
  );
});
