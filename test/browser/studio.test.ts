import type { ChildProcess } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDialogue, readHold } from '../../src/dialogue/index.js';
import { serve } from './serve.js';
import {
  CHROMIUM,
  expectAccessible,
  expectForAll,
  expectNarrow,
  idle,
  openAt,
  openPage,
  ready,
  reload,
  say,
  startBrowser,
  texts,
} from './studio-page.js';

const shareOf = (caption: string): number => Number(/system message ([\d.]+) %/.exec(caption)![1]);
const shareIn = async (caption: Locator): Promise<number> => shareOf((await caption.textContent())!);

/** Expects that a saved page opens from its file, without a network, with its answers, its pictures and its tables. */
async function expectStillPage(browser: Browser, file: string, answers: readonly string[]): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, offline: true });
  const page = await context.newPage();
  const asked: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  const named = `${file}.html`;
  copyFileSync(file, named);
  const { href } = pathToFileURL(named);
  await page.goto(href);
  expect(await texts(page, 'held')).toEqual(answers);
  expect(await page.locator('script, link, button, canvas, input, [role=slider]').count()).toBe(0);
  const pictures = page.locator('.strip img');
  expect(await pictures.count()).toBe(2 * answers.length);
  expect(
    await pictures.evaluateAll((all) =>
      all.every((each) => 'naturalWidth' in each && each.naturalWidth !== 0),
    ),
  ).toBe(true);
  expect(await page.locator('.course-chart polyline').count()).toBeGreaterThan(1);
  // A table is closed until it is asked for, and then has a row for each token.
  const table = page.locator('.answer.held .as-table').first();
  expect(await table.getByRole('table').count()).toBe(0);
  await table.getByText('as a table').click();
  const words = await table.getByRole('table').locator('tbody th').allTextContents();
  expect(words.join('').replaceAll('␣', ' ')).toContain(answers[0]!);
  await expectForAll(page, 'the saved page');
  expect(asked.filter((url) => !url.startsWith('data:'))).toEqual([href]);
  expect(errors).toEqual([]);
  await context.close();
}

describe.skipIf(CHROMIUM === undefined)('the studio', () => {
  let server: ChildProcess;
  let browser: Browser;
  let address = '';
  beforeAll(async () => {
    const served = await serve();
    server = served.server;
    address = new URL('/dist/studio/page/', served.address).href;
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    server?.kill();
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
    await expectStillPage(browser, files.pop()!, held);
    for (const name of ['SVG', 'PNG']) await page.getByRole('button', { name: `Course as ${name}` }).click();
    await expect.poll(() => files.length, { timeout: 20_000 }).toBe(4);
    const pictures = files.splice(2).map((file) => readFileSync(file).toString('latin1'));
    const heads = pictures.map((picture) => picture.slice(0, 4));
    expect(heads.sort()).toEqual(['<svg', '\x89PNG']);
    expect(pictures.find((picture) => picture.startsWith('<svg'))).toMatch(/share of attention.*>turn</s);

    // A reload loses nothing.
    await page.waitForTimeout(600);
    await reload(page);
    expect(await texts(page, 'held')).toEqual(held);
    await page.getByRole('button', { name: 'New' }).click();
    expect(await page.locator('.round').count()).toBe(0);

    // Opened files are measured again, token by token, with the same words.
    const said = page.getByText(/^measuring the file’s answers, turn [12] of 2$/);
    await Promise.all([said.waitFor(), page.getByLabel('Open').setInputFiles(files)]);
    await expect
      .poll(() => page.locator('.answer[aria-busy=false] .strip').count(), { timeout: 20_000 })
      .toBe(4);
    expect([await texts(page, 'untouched'), await texts(page, 'held')]).toEqual([untouched, held]);
    await said.waitFor({ state: 'detached' });
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

  it('scrolls what takes the focus clear of the heads of the columns and of the composer', async () => {
    const { page } = await openPage(browser, address);
    await page.setViewportSize({ width: 1280, height: 500 });
    for (const message of ['Is soup healthy?', 'How do I cook pasta?']) await say(page, message);
    const last = page.locator('.answer.held .as-table summary').last();
    for (const [key, from] of [
      ['Tab', page.getByRole('textbox', { name: 'System prompt' })],
      ['Shift+Tab', last],
    ] as const) {
      await from.focus();
      let seen = 0;
      for (let press = 0; press < 40; press++) {
        await page.keyboard.press(key);
        const covered = await page.evaluate<string | null>(`(() => {
          const focus = document.activeElement;
          if (!focus.closest('.rounds')) return null;
          const { top, bottom } = focus.getBoundingClientRect();
          const heads = document.querySelector('.heads').getBoundingClientRect();
          const composer = document.querySelector('.composer').getBoundingClientRect();
          const isClear = top >= heads.bottom && bottom <= composer.top;
          return isClear ? '' : focus.outerHTML.slice(0, 80) + [top, bottom, heads.bottom, composer.top];
        })()`);
        if (covered !== null) seen++;
        expect(covered ?? '', key).toBe('');
      }
      expect(seen, key).toBeGreaterThan(8);
    }
  });

  it('can be used by all: axe finds nothing in any state, in both schemes and 400 pixels wide', async () => {
    const { page } = await openPage(browser, address);
    // Before the first message, with what the browser lacks.
    expect(await page.getByRole('note').textContent()).toMatch(/^No GPU: this browser/);
    await expectForAll(page, 'empty');
    await page.getByLabel('Open').setInputFiles({
      ...{ name: 'none.json', mimeType: 'application/json', buffer: Buffer.from('{') },
    });
    await page.getByRole('alert').waitFor();
    await expectForAll(page, 'an error');
    await page.getByRole('button', { name: 'Close' }).click();
    await say(page, 'Will it rain in Oslo?');
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.locator('.answer.held .as-table summary').click();
    await page.getByText('Sampling of both sides').click();
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('one\ntwo');
    for (const tab of ['Take hold', 'One word', 'Heads', 'Course']) {
      await page.getByRole('tab', { name: tab }).click();
      if (tab === 'One word') await page.locator('.answer.held .token').first().click();
      for (const table of await page.locator('#tab-panel .as-table summary').all()) await table.click();
      await expectForAll(page, tab);
    }
    await page.getByText('Save', { exact: true }).click();
    await expectForAll(page, 'the menu');
    // A page that waits for its model.
    const waiting = await page.context().newPage();
    await waiting.route(/model\.safetensors/, () => {});
    await waiting.goto(address);
    await waiting.getByText(/fetching the weights/).waitFor();
    await expectForAll(waiting, 'loading');
    await page.context().close();
  });

  it('says what to do in a browser without the GPU that was chosen, and then runs without it', async () => {
    const { page } = await openAt(browser, `${address}?executor=gpu`);
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(
      /^No model\. .*WebGPU.*(graphics acceleration|browser with WebGPU)/,
    );
    expect(await alert.textContent()).not.toMatch(/holdfast|cpu/);
    await expectForAll(page, 'no model');
    await alert.getByRole('button', { name: 'Try again' }).click();
    await ready(page);
    await page.context().close();
  });

  it('saves the hold and a trace as files of the command, and the settings before the first message', async () => {
    const { page, errors } = await openPage(browser, address);
    const files: string[] = [];
    page.on('download', async (download) => files.push(await download.path()));
    const save = async (name: RegExp): Promise<Buffer> => {
      files.length = 0;
      await page.getByRole('button', { name }).click();
      await expect.poll(() => files.length, { timeout: 20_000 }).toBe(1);
      return readFileSync(files[0]!);
    };
    await page.locator('.strength input').fill('0.9');
    await page.getByText('Save', { exact: true }).click();
    const settings = loadDialogue(JSON.parse((await save(/Dialogue/)).toString())).saved!;
    expect(settings).toMatchObject({ turns: [], next: { schedule: { strength: 0.1 } } });
    const hold = await save(/The hold/);
    expect(readHold(JSON.parse(hold.toString()))).toMatchObject({
      ...{ verdict: 'not tested', settings: { schedule: { kind: 'constant', strength: 0.1 } } },
    });
    await page.keyboard.press('Escape');
    expect(await page.locator('.menu[open]').count()).toBe(0);
    await say(page, 'Is soup healthy?');
    await page.getByText('Save', { exact: true }).click();
    const trace = await save(/Trace/);
    const [answer] = await texts(page, 'held');
    const caption = await page.locator('.answer.held .caption').first().textContent();
    await page.getByRole('button', { name: 'New' }).click();
    const mimeType = 'application/octet-stream';
    await page.getByLabel('Open').setInputFiles({ name: 'trace.safetensors', mimeType, buffer: trace });
    await page.locator('.answer.held .strip').waitFor();
    expect(await texts(page, 'held')).toEqual([answer]);
    const opened = await page.locator('.answer.held .caption').first().textContent();
    // The token that ended the answer is not in the trace.
    const ratio = shareOf(opened!) / shareOf(caption!);
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
    expect(opened).toMatch(/before the policy.*k = 0\.1$/);

    await page.locator('.menu button').first().focus();
    await page.locator('#system').focus();
    expect(await page.locator('.menu[open]').count()).toBe(0);
    await page.getByRole('button', { name: 'Off', exact: true }).click();
    await page
      .getByLabel('Open')
      .setInputFiles({ name: 'hold.json', mimeType: 'application/json', buffer: hold });
    await page
      .locator('.banner')
      .getByText(/chosen by hand/)
      .waitFor();
    expect(await page.locator('.strength output').textContent()).toBe('0.1');
    expect(errors).toEqual([]);
  });

  it('shows answers as Markdown, in which nothing that a model writes becomes HTML or runs', async () => {
    const { page, errors } = await openPage(browser, address);
    const written = [
      '# A heading\n\nSome **bold** and `code` and <img src=x onerror="globalThis.ran = 1"> [here](javascript:ran=1).',
      '| a | b |\n| - | - |\n| 1 | <b>2</b> |',
      '1. one\n2. two\n\n```js\nlet x;\n```\n\n![pixel](https://evil.example/x.png) [site](https://a.example/)',
    ].join('\n\n');
    const messages = [
      { role: 'user', content: 'Show it.' },
      { role: 'assistant', content: written },
    ];
    const buffer = Buffer.from(JSON.stringify(messages));
    await page.getByLabel('Open').setInputFiles({ name: 'plain.json', mimeType: 'application/json', buffer });
    await page.locator('.answer .text').waitFor();
    await page.getByLabel(/Markdown/).check();
    const shown = page.locator('.answer .markdown');
    await shown.locator('strong').waitFor();
    expect(await shown.locator('img, b, script').count()).toBe(0);
    expect(
      await shown.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
    ).toEqual(['https://a.example/']);
    expect(await shown.textContent()).toContain('<img src=x onerror="globalThis.ran = 1">');
    expect(await shown.locator('li').allTextContents()).toEqual(['one', 'two']);
    expect(await shown.locator('td').allTextContents()).toEqual(['1', '<b>2</b>']);
    expect(await page.evaluate('globalThis.ran')).toBeUndefined();
    await expectAccessible(page, 'Markdown');
    await expectNarrow(page, 'Markdown');
    await page.getByLabel(/Markdown/).uncheck();
    expect(await page.locator('.answer .text').textContent()).toBe(written);
    expect(errors).toEqual([]);
  });

  it('says where studies are when there is no server', async () => {
    const { page, errors } = await openPage(browser, address);
    await page.getByRole('link', { name: 'Studies' }).click();
    await page.getByText(/holdfast studio shows those/).waitFor();
    await expectAccessible(page, 'no studies');
    await page.getByRole('link', { name: 'Dialogue' }).click();
    await ready(page);
    expect(errors).toEqual([]);
  });
});
