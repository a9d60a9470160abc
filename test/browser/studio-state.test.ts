import type { ChildProcess } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from './serve.js';
import { standIn } from './stand-in-worker.js';
import { CHROMIUM, idle, ready, reload, say, startBrowser, texts } from './studio-page.js';

/** Returns the messages on a page. */
const said = (page: Page): Promise<string[]> => page.locator('.said').allTextContents();

const PATIENT = { timeout: 20_000 };
/** Answers that last longer than a test, however slow the machine is. */
const ENDLESS = { tokens: 100_000, everyMs: 40 };

describe.skipIf(CHROMIUM === undefined)('the state of the studio’s page', () => {
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

  /**
   * Opens the page on a stand-in for a model, in a browser context of its own.
   * @param script runs in each page before its own
   */
  async function open(
    pace: Parameters<typeof standIn>[1],
    script = '',
  ): Promise<{ page: Page; errors: string[] }> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    await context.addInitScript(script);
    const errors: string[] = [];
    context.on('weberror', (found) => errors.push(found.error().message));
    const page = await context.newPage();
    await standIn(page, pace);
    await page.goto(address);
    await ready(page);
    return { page, errors };
  }
  const message = (page: Page) => page.getByRole('textbox', { name: 'Message', exact: true });
  async function begin(page: Page, text: string): Promise<void> {
    await message(page).fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  }
  const answered = async (page: Page, side: string, round: number): Promise<number> =>
    page.locator('.round').nth(round).locator(`.answer.${side} .token`).count();
  /** Waits for a token of the held answer. */
  const written = (page: Page, round: number, tokens: number): Promise<void> =>
    expect.poll(() => answered(page, 'held', round), PATIENT).toBeGreaterThanOrEqual(tokens);

  it('loses nothing by a reload in the middle of an answer, which has stopped then and can be continued', async () => {
    const { page, errors } = await open(ENDLESS);
    await message(page).fill('one\ntwo\nthree');
    await page.getByLabel(/send 3 lines/).check();
    await page.getByRole('button', { name: 'Send' }).click();
    await written(page, 0, 5);
    await message(page).fill('a draft');
    // What is on the page in the moment in which it is left.
    await page.evaluate(`addEventListener('pagehide', () => sessionStorage.setItem('seen',
      JSON.stringify([...document.querySelectorAll('.answer .text')].map(({ textContent }) => textContent))))`);
    await reload(page);
    const seen = JSON.parse((await page.evaluate(`sessionStorage.getItem('seen')`)) as string) as string[];
    const now = [...(await texts(page, 'untouched')), ...(await texts(page, 'held'))];
    expect(now).toHaveLength(2);
    for (const [side, text] of seen.entries()) expect(now[side]!.startsWith(text)).toBe(true);
    expect(now.every((text) => /w4/.test(text))).toBe(true);
    const captions = page.locator('.answer .caption');
    expect(await captions.allTextContents()).toEqual([
      expect.stringMatching(/^untouched · stopped$/),
      expect.stringMatching(/^k = 0\.6 · stopped$/),
    ]);
    expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
    // The messages that waited are in the field again.
    expect(await message(page).inputValue()).toBe('two\nthree\na draft');
    expect(await page.getByLabel(/send 3 lines/).isChecked()).toBe(true);
    // A second reload changes nothing, and the dialogue continues.
    await reload(page);
    expect([...(await texts(page, 'untouched')), ...(await texts(page, 'held'))]).toEqual(now);
    await begin(page, 'and now?');
    await written(page, 1, 1);
    await page.getByRole('button', { name: 'Stop' }).click();
    await idle(page, 2);
    expect(errors).toEqual([]);
  });

  it('keeps the dialogues of two tabs apart, and gives a closed one to the next tab', async () => {
    const { page: first, errors } = await open({ tokens: 3, everyMs: 5 });
    await say(first, 'of the first tab');
    const second = await first.context().newPage();
    await second.goto(address);
    await ready(second);
    expect(await second.locator('.round').count()).toBe(0);
    await say(second, 'of the second tab');
    for (const page of [first, second, first]) {
      await reload(page);
    }
    expect([await said(first), await said(second)]).toEqual([['of the first tab'], ['of the second tab']]);
    await second.close();
    const third = await first.context().newPage();
    await third.goto(address);
    await ready(third);
    expect(await said(third)).toEqual(['of the second tab']);
    // A tab that was duplicated copies what its tab stores for itself.
    const [copy] = await Promise.all([
      first.context().waitForEvent('page'),
      first.evaluate(`void open(location.href, '_blank', 'popup')`),
    ]);
    await ready(copy);
    expect(await copy.locator('.round').count()).toBe(0);
    expect(errors).toEqual([]);
  });

  it('waits for the page before a reload while that still has its record, and for no other', async () => {
    const { page, errors } = await open({ tokens: 3, everyMs: 5 });
    await say(page, 'hello');
    const elsewhere = new URL('index.html?no-page', address).href;
    await page
      .context()
      .route(elsewhere, (route) => route.fulfill({ contentType: 'text/html', body: '<p>none</p>' }));
    const other = await page.context().newPage();
    for (const each of [page, other]) await each.goto(elsewhere);
    // The other page takes the record, as one that is slow to go would still have it.
    const record = await page.evaluate(`sessionStorage.getItem('holdfast-record')`);
    const holder = await other.evaluate(`(async () => {
      const name = 'holdfast-studio ${record}';
      await new Promise((taken) => navigator.locks.request(name, () =>
        new Promise((release) => { globalThis.release = release; taken(); })));
      return (await navigator.locks.query()).held.find((lock) => lock.name === name).clientId;
    })()`);
    await page.goto(address);
    await ready(page);
    expect(await said(page)).toEqual([]);
    await page.goto(elsewhere);
    await page.evaluate(`sessionStorage.setItem('holdfast-record', '${record}')`);
    await page.evaluate(`sessionStorage.setItem('holdfast-holder', '${holder}')`);
    await page.goto(address);
    const pending = `navigator.locks.query().then(({ pending }) => pending.length)`;
    await expect.poll(() => page.evaluate(pending), PATIENT).toBe(1);
    expect(await page.locator('button').count()).toBe(0);
    await other.evaluate('release()');
    await ready(page);
    expect(await said(page)).toEqual(['hello']);
    expect(errors).toEqual([]);
  });

  it('loses nothing by a reload whose last write the browser drops', async () => {
    const { page, errors } = await open(ENDLESS);
    await begin(page, 'hello');
    await written(page, 0, 5);
    // As with a page that is gone before the browser granted the write its space.
    await page.evaluate(`IDBTransaction.prototype.commit = function () { this.abort(); }`);
    await reload(page);
    const now = [...(await texts(page, 'untouched')), ...(await texts(page, 'held'))];
    expect(now.every((text) => /w4/.test(text))).toBe(true);
    // From then on the database has it.
    const left = `Object.keys(localStorage).filter((key) => key.startsWith('holdfast-left'))`;
    await expect.poll(() => page.evaluate(left), PATIENT).toEqual([]);
    await page.evaluate(`addEventListener('pagehide', () => localStorage.clear())`);
    await reload(page);
    expect([...(await texts(page, 'untouched')), ...(await texts(page, 'held'))]).toEqual(now);
    expect(errors).toEqual([]);
  });

  it('keeps two tabs apart also where there are no locks, as on a page over HTTP from another machine', async () => {
    const noLocks = `Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })`;
    const { page: first, errors } = await open({ tokens: 3, everyMs: 5 }, noLocks);
    await say(first, 'of the first tab');
    const second = await first.context().newPage();
    await second.goto(address);
    await ready(second);
    await say(second, 'of the second tab');
    for (const [page, text] of [
      [first, 'of the first tab'],
      [second, 'of the second tab'],
    ] as const) {
      await reload(page);
      expect(await said(page)).toEqual([text]);
    }
    expect(errors).toEqual([]);
  });

  it('says that a reload would lose the dialogue in a browser that keeps nothing', async () => {
    const denied = `IDBFactory.prototype.open = () => { throw new Error('storage is denied'); }`;
    const { page, errors } = await open({ tokens: 3, everyMs: 5 }, denied);
    await page
      .getByRole('alert')
      .getByText(/a reload loses it: storage is denied/)
      .waitFor();
    await say(page, 'hello');
    expect((await texts(page, 'held'))[0]).toMatch(/w2$/);
    expect(errors).toEqual([]);
  });

  it('takes a slider that moves in the middle of an answer from the next token on', async () => {
    const { page, errors } = await open(ENDLESS);
    const slider = page.locator('.strength input');
    await begin(page, 'hello');
    await written(page, 0, 3);
    await page.getByText('Acts on the next token.', { exact: true }).waitFor();
    await slider.fill('0.9');
    const moved = await answered(page, 'held', 0);
    await written(page, 0, moved + 3);
    await slider.fill('0.4');
    await written(page, 0, (await answered(page, 'held', 0)) + 3);
    await page.getByRole('button', { name: 'Stop' }).click();
    await idle(page, 1);
    const caption = (side: string) => page.locator(`.answer.${side} .caption`).textContent();
    expect(await caption('held')).toMatch(/k = 0\.6 → 0\.1 → 0\.6 · stopped$/);
    expect(await caption('untouched')).toMatch(/untouched · stopped$/);
    // The strip's own numbers: the prompt's share of each token.
    await page.locator('.answer.held .as-table summary').click();
    await page.locator('.answer.held tbody').waitFor();
    const shares = await page.locator('.answer.held tbody td:nth-child(2)').allTextContents();
    const runs = shares.filter((share, at) => share !== shares[at - 1]);
    expect(runs).toEqual(['40 %', '90 %', '40 %']);
    expect(errors).toEqual([]);
  });

  it('says that it cannot be saved, and is then as it was', async () => {
    const broken = "HTMLCanvasElement.prototype.toDataURL = () => { throw new Error('out of memory'); };";
    const { page, errors } = await open({ tokens: 3, everyMs: 1 }, broken);
    await say(page, 'hello');
    await page.getByText('Save', { exact: true }).click();
    await page.getByRole('button', { name: /^This page/ }).click();
    await page.getByRole('alert').getByText('The page cannot be saved: out of memory').waitFor();
    // Only a page that is drawn for a file has its closed tables.
    await expect.poll(() => page.locator('.answer tbody').count(), PATIENT).toBe(0);
    expect(errors).toEqual([]);
  });

  it('has one live region, which says what has finished and nothing else', async () => {
    const { page, errors } = await open({ tokens: 6, everyMs: 30 });
    await page.evaluate(`
      globalThis.said = [];
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const region = (target.nodeType === 1 ? target : target.parentElement)?.closest('[role=status], [aria-live], output');
          if (region && region.ariaLive !== 'off' && region.textContent !== '') said.push(region.textContent);
        }
      }).observe(document.body, { childList: true, characterData: true, subtree: true });`);
    await begin(page, 'hello');
    await written(page, 0, 1);
    for (const place of ['0.2', '0.5', '0.9']) await page.locator('.strength input').fill(place);
    await idle(page, 1);
    await expect.poll(() => page.evaluate('said'), PATIENT).toEqual(['Turn 1 is answered.']);
    expect(errors).toEqual([]);
  });
});
