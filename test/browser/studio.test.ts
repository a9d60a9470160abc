import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDialogue } from '../../src/dialogue/index.js';
import { root, serve } from './golden.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));
if (CHROMIUM === undefined) process.stderr.write('no Chromium: the tests of the studio are skipped\n');

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The words of a side's answers, top to bottom. */
const texts = (page: Page, side: string): Promise<string[]> =>
  page.locator(`.answer.${side} .text`).allTextContents();

/** Opens the page, and fails a test that leaves an error in it or a violation of its policy. */
async function openPage(browser: Browser, address: string): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(address);
  await ready(page);
  return { page, errors };
}

const ready = (page: Page): Promise<void> => page.locator('button.primary[type=submit]:enabled').waitFor();
const idle = async (page: Page, rounds: number): Promise<void> => {
  await page
    .locator('.round')
    .nth(rounds - 1)
    .waitFor();
  await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
};

async function say(page: Page, message: string): Promise<void> {
  const before = await page.locator('.round').count();
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill(message);
  await page.getByRole('button', { name: 'Send' }).click();
  await idle(page, before + 1);
}

const shareIn = async (caption: Locator): Promise<number> =>
  Number(/prompt ([\d.]+) %/.exec((await caption.textContent())!)![1]);

describe.skipIf(CHROMIUM === undefined)('the studio', () => {
  let server: ChildProcess;
  let browser: Browser;
  let address = '';
  const studios: ChildProcess[] = [];
  beforeAll(async () => {
    const served = await serve();
    server = served.server;
    address = new URL('/dist/studio/page/', served.address).href;
    browser = await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    for (const process of [server, ...studios]) process?.kill();
  });

  it('leads a newcomer from the opened page to a held dialogue, saved and opened again', async () => {
    const { page, errors } = await openPage(browser, address);
    await say(page, 'What is the weather like in Dublin?');
    await page.locator('.strength input').fill('0.9');
    await say(page, 'How do I cook pasta?');
    const [untouched, held] = [await texts(page, 'untouched'), await texts(page, 'held')];
    expect(held).toHaveLength(2);
    expect(untouched[0]).toMatch(/quartz/);
    const captions = (side: string): Locator => page.locator(`.answer.${side} .caption`).last();
    // The slider was moved between the answers.
    expect(await page.locator('.answer.held .caption').allTextContents()).toEqual([
      expect.stringMatching(/k = 0\.6$/),
      expect.stringMatching(/k = 0\.1$/),
    ]);
    // The hold raises the prompt's share, in the picture as in the receipt.
    expect(await shareIn(captions('held'))).toBeGreaterThan(1.3 * (await shareIn(captions('untouched'))));
    await page.getByRole('tab', { name: 'Course' }).click();
    expect(await page.getByRole('table').textContent()).toMatch(/(\d+) of \1/);

    await page.locator('.answer.held .token').nth(1).hover();
    await page.locator('.answer.held .token.chosen').waitFor();
    expect(await page.locator('.answer.held .caption').first().textContent()).toMatch(/listened to .* \d+ %/);

    const files: string[] = [];
    page.on('download', async (download) => files.push(await download.path()));
    await page.getByText('Save', { exact: true }).click();
    await page.getByRole('button', { name: /Dialogue/ }).click();
    await expect.poll(() => files.length, { timeout: 20_000 }).toBe(2);
    const policies = files.map(
      (file) => loadDialogue(JSON.parse(readFileSync(file, 'utf8'))).saved!.turns[1]!.policy,
    );
    expect(policies.sort()).toEqual(['off', 'split-softmax']);

    // The page as one file has the words, the strips and the course, and runs nothing.
    await page.getByRole('button', { name: /one file/ }).click();
    await expect.poll(() => files.length, { timeout: 20_000 }).toBe(3);
    const still = readFileSync(files.pop()!, 'utf8');
    expect(still).not.toMatch(/<script|<link|<button|<canvas/);
    expect(still.match(/data:image\/png/g)).toHaveLength(4);
    expect(still).toContain('course-chart');
    for (const name of ['SVG', 'PNG']) await page.getByRole('button', { name: `Course as ${name}` }).click();
    await expect.poll(() => files.length, { timeout: 20_000 }).toBe(4);
    const heads = files.splice(2).map((file) => readFileSync(file).subarray(0, 4).toString('latin1'));
    expect(heads.sort()).toEqual(['<svg', '\x89PNG']);

    // A reload loses nothing.
    await page.waitForTimeout(600);
    await page.reload();
    await ready(page);
    expect(await texts(page, 'held')).toEqual(held);
    await page.getByRole('button', { name: 'New' }).click();
    expect(await page.locator('.round').count()).toBe(0);

    // Opened files are measured again, token by token, with the same words.
    await page.getByLabel('Open').setInputFiles(files);
    await expect
      .poll(() => page.locator('.answer[aria-busy=false] .strip').count(), { timeout: 20_000 })
      .toBe(4);
    expect([await texts(page, 'untouched'), await texts(page, 'held')]).toEqual([untouched, held]);
    expect(errors).toEqual([]);
  });

  it('answers alike on both sides when the hold is off, and on a branch from another token', async () => {
    const { page, errors } = await openPage(browser, address);
    await page.getByRole('button', { name: 'Off' }).click();
    await say(page, 'Is soup healthy?');
    expect(await texts(page, 'held')).toEqual(await texts(page, 'untouched'));
    // The arrow keys choose a token on the strip.
    const strip = page.getByRole('slider', { name: /held answer/ });
    await strip.focus();
    await page.keyboard.press('Home');
    const before = await texts(page, 'held');
    const other = page.locator('.alternatives button').first();
    const token = (await other.textContent())!.replaceAll('␣', ' ');
    await other.click();
    await page.locator('.branches').waitFor();
    await idle(page, 1);
    const [after] = await texts(page, 'held');
    expect(after!.startsWith(token)).toBe(true);
    await page.getByRole('button', { name: 'Previous branch' }).click();
    expect(await texts(page, 'held')).toEqual(before);
    expect(errors).toEqual([]);
  });

  it('can be used by all: axe finds nothing, in both schemes and 400 pixels wide', async () => {
    const { page } = await openPage(browser, address);
    await say(page, 'Will it rain in Oslo?');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const tab of ['Take hold', 'One word', 'Heads', 'Course']) {
        await page.getByRole('tab', { name: tab }).click();
        if (tab === 'One word') await page.locator('.answer.held .token').first().click();
        await page.evaluate(AXE);
        const found = await page.evaluate<string[]>(
          'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
        );
        expect(found, `${tab}, ${colorScheme}`).toEqual([]);
      }
    }
    await page.setViewportSize({ width: 400, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400);
  });

  it('answers from the server of holdfast studio, and says what to do when that is gone', async () => {
    /** Starts the command on a port. */
    const start = async (port: string): Promise<{ readonly process: ChildProcess; readonly url: string }> => {
      const studio = spawn(
        process.execPath,
        [`${root}dist/cli/main.js`, 'studio', '--no-open', '--port', port, '--threads', '1'],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      studios.push(studio);
      for await (const line of createInterface({ input: studio.stdout! })) {
        return { process: studio, url: line.replace('listening on ', '') };
      }
      throw new Error('holdfast studio ended without an address');
    };
    const first = await start('0');
    const { page } = await openPage(browser, first.url);
    await say(page, 'How do I cook pasta?');
    expect((await texts(page, 'untouched'))[0]).toMatch(/quartz/);
    const ended = new Promise((resolve) => first.process.once('exit', resolve));
    first.process.kill();
    expect(await ended).toBe(0);
    await say(page, 'Is soup healthy?');
    expect(await page.locator('.answer .failure').first().textContent()).toMatch(/Start it again/);
    await start(new URL(first.url).port);
    await page.getByRole('button', { name: 'Retry' }).last().click();
    await page.locator('.answer.held .strip').nth(1).waitFor();
    expect((await texts(page, 'held'))[1]).not.toBe('');
  });
});
