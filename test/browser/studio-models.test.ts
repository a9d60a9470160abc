import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { holdText, PRESETS } from '../../src/dialogue/index.js';
import { tinyModel } from '../support/families.js';
import {
  CHROMIUM,
  type Command,
  openPage,
  ready,
  reload,
  say,
  startBrowser,
  startCommand,
  texts,
} from './studio-page.js';

describe.skipIf(CHROMIUM === undefined)('the studio with two models of different shape', () => {
  let browser: Browser;
  let command: Command | null = null;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(() => command?.end());
  afterAll(() => browser?.close());

  it('begins with the hold of its server, and keeps a dialogue, its measures and its maps when the model changes', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'holdfast-hold-')), 'hold.json');
    const [preset] = PRESETS;
    const settings = {
      ...{ ...preset!.settings, policy: 'boost' as const },
      schedule: { kind: 'constant', strength: 5 } as const,
    };
    writeFileSync(file, holdText({ ...preset!, settings }));
    command = await startCommand([
      ...['serve', '--port', '0', '--hold', file],
      ...['--models', tinyModel('llama')],
    ]);
    const { page, errors } = await openPage(browser, command.url);

    // A page without a dialogue of its own begins as the server was started.
    const strength = page.locator('.strength output');
    expect([await page.locator('.hold select').first().inputValue(), await strength.textContent()]).toEqual([
      'boost',
      '5',
    ]);
    await page.getByRole('button', { name: 'Off', exact: true }).click();
    await page.getByRole('button', { name: 'Server’s' }).click();
    expect(await strength.textContent()).toBe('5');

    const message = page.locator('.banner');
    await page.getByRole('switch', { name: 'layer 5, head 4' }).click();
    await say(page, 'How do I cook pasta?');
    const before = [...(await texts(page, 'untouched')), ...(await texts(page, 'held'))];
    expect(before[0]).toMatch(/quartz/);
    await page.getByRole('tab', { name: 'Heads' }).click();
    const shapes = (): Promise<number[][]> =>
      page
        .locator('.head-map canvas')
        .evaluateAll((all) =>
          (all as unknown as { height: number; width: number }[]).map(({ height, width }) => [height, width]),
        );
    expect(await shapes()).toEqual([
      [6, 5],
      [6, 5],
    ]);

    await page.getByLabel('Model').selectOption('llama');
    await ready(page);
    expect(await message.textContent()).toMatch(/heads were those of organism.* all heads of llama/);
    expect([...(await texts(page, 'untouched')), ...(await texts(page, 'held'))]).toEqual(before);
    const captions = page.locator('.answer .caption');
    expect(await captions.allTextContents()).toEqual([
      expect.stringMatching(/^system message \d.* · by organism$/),
      expect.stringMatching(/^system message \d.* · by organism$/),
    ]);
    await say(page, 'And soup?');
    expect(await page.locator('.answer .failure').count()).toBe(0);
    expect(await captions.last().textContent()).not.toMatch(/ by /);
    // The newest token is shown, in the map of its own model; an earlier one in that of the other.
    expect(await shapes()).toEqual([
      [3, 4],
      [3, 4],
    ]);
    await page.getByLabel('Token of the dialogue').fill('0');
    expect(await shapes()).toEqual([
      [6, 5],
      [6, 5],
    ]);
    // Its other words are words of the other vocabulary.
    await page.getByRole('tab', { name: 'One word' }).click();
    await page.locator('.answer.held .token').first().click();
    await page.getByText(/organism answered: choose it/).waitFor();
    expect(await page.locator('.alternatives button').count()).toBe(0);
    await page.getByRole('tab', { name: 'Course' }).click();
    await page.getByText(/Answers of another model are left out/).waitFor();
    expect(await page.locator('.course tbody tr').first().locator('td').allTextContents()).toEqual(
      Array.from({ length: 5 }, () => '–'),
    );

    // After a reload the page is with the model of before, and so are its answers.
    await reload(page);
    expect(await page.getByLabel('Model').inputValue()).toBe('llama');
    expect((await captions.allTextContents()).map((text) => / by organism$/.test(text))).toEqual([
      ...[true, true],
      ...[false, false],
    ]);
    await page.getByLabel('Model').selectOption('organism');
    await ready(page);
    await say(page, 'Is soup healthy?');
    expect(await page.locator('.answer .failure').count()).toBe(0);
    expect(errors).toEqual([]);
  });
});
