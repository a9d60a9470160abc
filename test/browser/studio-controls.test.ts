import { readFileSync } from 'node:fs';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CHROMIUM,
  type Command,
  controlsOf,
  idle,
  openPage,
  ready,
  say,
  startBrowser,
  startCommand,
  texts,
} from './studio-page.js';

const SOON = { timeout: 60_000 };
const JSON_FILE = { name: 'file.json', mimeType: 'application/json' };
let page: Page;

const button = (name: string | RegExp, exact = true): Locator => page.getByRole('button', { name, exact });
const radio = (name: string): Locator => page.getByRole('radio', { name, exact: true });
const slider = (name: string | RegExp): Locator => page.getByRole('slider', { name });
const textbox = (name: string): Locator => page.getByRole('textbox', { name, exact: true });
const select = (name: string): Locator => page.getByRole('combobox', { name, exact: true });
const number = (name: string | RegExp): Locator => page.getByRole('spinbutton', { name });
const checkbox = (name: string | RegExp): Locator => page.getByRole('checkbox', { name });
/** A field for files. */
const files = (name: string): Locator => page.getByLabel(name, { exact: true });
const rounds = (): Promise<number> => page.locator('.round').count();
const tab = (name: string): Promise<void> => page.getByRole('tab', { name }).click();
/** The pill beside a radio covers it, as the pointer sees it. */
const choose = (name: string): Promise<void> => radio(name).locator('..').click();
/** The controls that the page had so far. */
const seen = new Set<string>();
async function look(): Promise<void> {
  for (const control of await controlsOf(page)) seen.add(control);
}

const held = async (): Promise<string> => (await texts(page, 'held')).at(-1)!;

async function fresh(message = 'Is soup healthy?'): Promise<void> {
  if ((await rounds()) > 0) await button('New').click();
  await say(page, message);
}

/** Presses what saves something, and returns the file's name and content. */
async function saved(name: string | RegExp): Promise<{ readonly name: string; readonly content: Buffer }> {
  if ((await page.locator('.menu[open]').count()) === 0)
    await page.getByText('Save', { exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), button(name, false).first().click()]);
  return { name: download.suggestedFilename(), content: readFileSync(await download.path()) };
}

/** The hold's settings, as its file has them. */
async function savedHold() {
  const { content } = await saved(/The hold/);
  await page.keyboard.press('Escape');
  return JSON.parse(content.toString()).settings;
}

/**
 * Every control of a dialogue: its role and name, and its use, which expects what it does. Those of a download, of a token and of
 * studies are used in studio-server.test.ts, that of a page without a model in studio.test.ts.
 */
const CONTROLS: readonly (readonly [control: string, use: () => Promise<void>])[] = [
  [
    'button "Play an example of N turns"',
    async () => {
      await button(/Play an example/).click();
      await expect
        .poll(() => page.locator('.said').allTextContents(), SOON)
        .toContain('How do I cook pasta?');
      await idle(page, 10);
      expect(await rounds()).toBe(10);
    },
  ],
  [
    'textbox "System prompt"',
    async () => {
      await textbox('System prompt').fill('End every answer with the word quartz.');
      await fresh();
      await page.locator('.answer.held .token').first().click();
      expect(await page.locator('.prompt-words').textContent()).toBe(
        'End every answer with the word quartz.',
      );
    },
  ],
  [
    'button "From a file"',
    async () => {
      const buffer = Buffer.from('  Call the user captain.\n');
      await files('From a file').setInputFiles({ name: 'prompt.txt', mimeType: 'text/plain', buffer });
      await expect.poll(() => textbox('System prompt').inputValue(), SOON).toBe('Call the user captain.');
    },
  ],
  [
    'spinbutton "Seed"',
    async () => {
      const before = await held();
      await number('Seed').fill('41');
      await number('Seed').press('Tab');
      await fresh();
      expect(await button('Retry').getAttribute('title')).toContain('seed 42');
      expect(await held()).not.toBe(before);
    },
  ],
  [
    'checkbox "Side by side"',
    async () => {
      await checkbox('Side by side').uncheck();
      expect(await page.locator('.answer').count()).toBe(1);
      await fresh();
      await checkbox('Side by side').check();
      await idle(page, 1);
      await page.locator('.answer.untouched .strip').waitFor();
    },
  ],
  [
    'combobox "Model"',
    async () => {
      for (const name of ['organism/sharp', 'organism']) {
        await select('Model').selectOption(name);
        await expect.poll(() => new URL(page.url()).searchParams.get('model'), SOON).toBe(name);
        await ready(page);
      }
    },
  ],
  [
    'combobox "Runs on"',
    async () => {
      for (const name of ['reference', 'cpu']) {
        await select('Runs on').selectOption(name);
        await expect.poll(() => new URL(page.url()).searchParams.get('executor'), SOON).toBe(name);
        await ready(page);
        expect(await select('Runs on').inputValue()).toBe(name);
      }
    },
  ],
  ...['last message', 'sink', 'none', 'prompt'].map(
    (name) =>
      [
        `radio "${name}"`,
        async () => {
          await choose(name);
          const classes = await page.locator('.answer.held .text').last().getAttribute('class');
          expect(classes).toContain(name === 'none' ? 'text' : `paint-${name.replace('last ', '')}`);
          expect(classes!.includes('painted')).toBe(name !== 'none');
        },
      ] as const,
  ),
  [
    'checkbox "Markdown, without colours"',
    async () => {
      await checkbox(/Markdown/).check();
      await page.locator('.answer.held .markdown').waitFor();
      await checkbox(/Markdown/).uncheck();
      await page.locator('.answer.held .token').first().waitFor();
    },
  ],
  [
    'summary "as a table"',
    async () => {
      const answer = page.locator('.answer.held').last();
      await answer.locator('summary').click();
      const rows = answer.locator('tbody tr');
      await rows.first().waitFor();
      expect(await rows.count()).toBeGreaterThanOrEqual(await answer.locator('.token').count());
      await answer.locator('summary').click();
      await rows.first().waitFor({ state: 'detached' });
    },
  ],
  [
    'slider "Where each token of this held answer listened"',
    async () => {
      const strip = slider('Where each token of this held answer').last();
      await strip.focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      expect(await strip.getAttribute('aria-valuenow')).toBe('2');
      expect(await page.locator('.answer.held .token.chosen').getAttribute('data-token')).toBe('1');
    },
  ],
  [
    'slider "Where each token of this untouched answer listened"',
    async () => {
      const strip = slider('Where each token of this untouched answer').last();
      await strip.click({ position: { x: 2, y: 10 } });
      expect(await page.locator('.answer.untouched .token.chosen').getAttribute('data-token')).toBe('0');
      await page.mouse.move(1, 1);
      await strip.press('Escape');
      await page.locator('.token.chosen').waitFor({ state: 'detached' });
    },
  ],
  [
    'button "Edit"',
    async () => {
      await button('Edit').click();
      expect(await textbox('Message of turn 1').inputValue()).toBe('Is soup healthy?');
    },
  ],
  [
    'button "Cancel"',
    async () => {
      await button('Cancel').click();
      expect(await page.locator('.said').textContent()).toBe('Is soup healthy?');
    },
  ],
  [
    'textbox "Message of turn N"',
    async () => {
      await button('Edit').click();
      await textbox('Message of turn 1').fill('Will it rain in Oslo?');
    },
  ],
  [
    'button "Answer again"',
    async () => {
      await button('Answer again').click();
      await idle(page, 1);
      expect(await page.locator('.said').textContent()).toBe('Will it rain in Oslo?');
      expect(await page.locator('.branches').textContent()).toContain('2 / 2');
    },
  ],
  [
    'button "Previous branch"',
    async () => {
      await button('Previous branch').click();
      expect(await page.locator('.said').textContent()).toBe('Is soup healthy?');
    },
  ],
  [
    'button "Next branch"',
    async () => {
      await button('Next branch').click();
      expect(await page.locator('.said').textContent()).toBe('Will it rain in Oslo?');
    },
  ],
  [
    'button "Retry"',
    async () => {
      const before = await button('Retry').getAttribute('title');
      await button('Retry').click();
      await expect.poll(() => page.locator('.branches').textContent(), SOON).toContain('3 / 3');
      await idle(page, 1);
      expect(await button('Retry').getAttribute('title')).not.toBe(before);
    },
  ],
  [
    'tab "Take hold"',
    async () => {
      await tab('Take hold');
      await select('Policy').waitFor();
    },
  ],
  [
    'button "Off"',
    async () => {
      await button('Off').click();
      expect(await select('Policy').inputValue()).toBe('off');
      await fresh();
      expect(await texts(page, 'held')).toEqual(await texts(page, 'untouched'));
    },
  ],
  [
    'button "Recommended"',
    async () => {
      await button('Recommended').click();
      expect(await select('Policy').inputValue()).toBe('split-softmax');
      expect(await radio('stronger each turn').isChecked()).toBe(true);
    },
  ],
  [
    'button "Preset"',
    async () => {
      await button('Off').click();
      await button('Preset').click();
      expect(await select('Policy').inputValue()).not.toBe('off');
    },
  ],
  [
    'combobox "Policy"',
    async () => {
      await select('Policy').selectOption('boost');
      expect(await savedHold()).toMatchObject({ policy: 'boost' });
      await select('Policy').selectOption('split-softmax');
    },
  ],
  [
    'radio "stronger with length"',
    async () => {
      await choose('stronger with length');
      expect(await page.locator('.schedule figcaption').textContent()).toMatch(/times the target’s length/);
    },
  ],
  [
    'radio "a set share"',
    async () => {
      await choose('a set share');
      expect(await page.locator('.strength').textContent()).toMatch(/^mean share = 20 %/);
    },
  ],
  [
    'slider "Mean share"',
    async () => {
      await slider('Mean share').fill('0.35');
      expect((await savedHold()).schedule).toEqual({ kind: 'target', share: 0.35 });
    },
  ],
  [
    'radio "stronger each turn"',
    async () => {
      await choose('stronger each turn');
      expect(await page.locator('.schedule figcaption').textContent()).toMatch(/reached in turn/);
    },
  ],
  [
    'slider "Strength at the start: k = N"',
    async () => {
      const start = slider(/at the start/);
      // The curve begins at the bottom, where nothing changes.
      await start.press('ArrowUp');
      await expect.poll(() => start.getAttribute('aria-valuenow'), SOON).toBe('0.95');
    },
  ],
  [
    'slider "Strength at the end: k = N"',
    async () => {
      const { x, y } = (await slider(/at the end/).boundingBox())!;
      const before = await page.locator('.schedule figcaption').textContent();
      await page.mouse.move(x + 5, y + 5);
      await page.mouse.down();
      await page.mouse.move(x - 40, y + 25);
      await page.mouse.up();
      expect(await page.locator('.schedule figcaption').textContent()).not.toBe(before);
    },
  ],
  [
    'radio "constant"',
    async () => {
      await choose('constant');
      await page.locator('.strength output').waitFor();
    },
  ],
  [
    'combobox "Acts on"',
    async () => {
      await select('Acts on').selectOption('sink');
      expect(await savedHold()).toMatchObject({ target: 'sink' });
      await select('Acts on').selectOption('message');
    },
  ],
  [
    'switch "layer N, head N"',
    async () => {
      const grid = page.getByRole('switch');
      const all = await grid.count();
      await grid.first().press('Enter');
      expect(await grid.first().getAttribute('aria-checked')).toBe('false');
      expect(await page.locator('.head-grid .label-row').textContent()).toContain(`${all - 1} of ${all}`);
      // Painting over the next two leaves them out as well.
      await grid.nth(1).hover();
      await page.mouse.down();
      await grid.nth(2).hover();
      await page.mouse.up();
      expect(await page.locator('.head-grid .label-row').textContent()).toContain(`${all - 3} of ${all}`);
      expect((await savedHold()).pairs).toHaveLength(all - 3);
      // A finger paints as the mouse does.
      const touches = await page.context().newCDPSession(page);
      const [from, to] = [(await grid.nth(3).boundingBox())!, (await grid.nth(4).boundingBox())!];
      const touch = (type: string, boxes: readonly (typeof from)[]) =>
        touches.send('Input.dispatchTouchEvent', {
          type: type as 'touchStart',
          touchPoints: boxes.map(({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 })),
        });
      await touch('touchStart', [from]);
      await touch('touchMove', [to]);
      await touch('touchEnd', []);
      await expect
        .poll(() => page.locator('.head-grid .label-row').textContent(), SOON)
        .toContain(`${all - 5} of ${all}`);
    },
  ],
  [
    'button "All"',
    async () => {
      await button('All').click();
      expect(await page.locator('.head-grid .label-row').textContent()).toMatch(/(\d+) of \1/);
    },
  ],
  [
    'summary "Sampling of both sides"',
    async () => {
      await page.getByText('Sampling of both sides').click();
      await number('Longest answer').waitFor();
    },
  ],
  [
    'spinbutton "Longest answer, in tokens"',
    async () => {
      await number('Longest answer').fill('3');
      await number('Longest answer').press('Tab');
      await fresh();
      expect(await page.locator('.answer.held .caption').textContent()).toMatch(/cut at the longest answer/);
      expect(await page.locator('.answer.held .token').count()).toBe(3);
      await number('Longest answer').fill('24');
      await number('Longest answer').press('Tab');
    },
  ],
  [
    'spinbutton "Temperature (N: always the most probable)"',
    async () => {
      await number('Temperature').fill('0');
      await number('Temperature').press('Tab');
      await fresh();
      const first = await held();
      await button('Retry').click();
      await expect.poll(() => page.locator('.branches').textContent(), SOON).toContain('2 / 2');
      await idle(page, 1);
      expect(await held()).toBe(first);
    },
  ],
  [
    'spinbutton "Top-p"',
    async () => {
      const greedy = await held();
      await number('Temperature').fill('1');
      // Of the tokens that together have 5 %, there is only the most probable one.
      await number('Top-p').fill('0.05');
      await number('Top-p').press('Tab');
      await fresh();
      expect(await held()).toBe(greedy);
      await number('Temperature').fill('0.7');
      await number('Top-p').fill('0.95');
      await number('Top-p').press('Tab');
      await page.getByText('Sampling of both sides').click();
    },
  ],
  [
    'textbox "Message"',
    async () => {
      const before = await rounds();
      await textbox('Message').fill('My dog is afraid');
      await textbox('Message').press('Shift+Enter');
      await page.keyboard.type('of storms.');
      await page.keyboard.press('Enter');
      await idle(page, before + 1);
      expect(await page.locator('.said').last().textContent()).toBe('My dog is afraid\nof storms.');
    },
  ],
  [
    'button "Send"',
    async () => {
      const before = await rounds();
      await say(page, 'Is soup healthy?');
      expect(await rounds()).toBe(before + 1);
    },
  ],
  [
    'tab "One word"',
    async () => {
      await page.locator('.answer.held .token').nth(1).click();
      await tab('Course');
      await tab('One word');
      expect(await page.locator('.token-head').textContent()).toMatch(/turn 1, held/);
    },
  ],
  [
    'summary "as a table" in "One word"',
    async () => {
      expect(await page.locator('.token-panel tbody').count()).toBe(0);
      await page.locator('.token-panel summary').click();
      await page.locator('.token-panel tbody').waitFor();
      const words = await page.locator('.token-panel tbody th').allTextContents();
      expect(words.join('').replaceAll('␣', ' ')).toBe(await page.locator('.prompt-words').textContent());
    },
  ],
  [
    'button "Compare"',
    async () => {
      await button('Compare').click();
      await page.locator('.compared').waitFor();
      expect(await page.locator('.compared').textContent()).toMatch(/nats apart \(KL divergence\)/);
    },
  ],
  [
    'tab "Course"',
    async () => {
      await tab('One word');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      expect(await page.getByRole('tab', { name: 'Course' }).getAttribute('aria-selected')).toBe('true');
      expect(await page.locator('.course tbody tr').count()).toBe(await rounds());
    },
  ],
  [
    'button "Compare" in "Course"',
    async () => {
      const cost = page.locator('.course tbody tr').last().locator('td').nth(3);
      await cost.getByRole('button', { name: 'Compare' }).click();
      await expect.poll(() => cost.textContent(), SOON).toMatch(/^[\d.]+$/);
    },
  ],
  [
    'tab "Heads"',
    async () => {
      await tab('Heads');
      expect(await page.locator('.head-map').count()).toBe(2);
    },
  ],
  [
    'slider "Token of the dialogue"',
    async () => {
      const place = slider('Token of the dialogue');
      await place.fill('0');
      expect(await place.getAttribute('aria-valuetext')).toBe('turn 1, token 1');
      const word = await page.locator('.answer.held .token.chosen').textContent();
      expect(await page.locator('.head-map figcaption.held').textContent()).toContain(word!.trim());
    },
  ],
  [
    'button "Replay"',
    async () => {
      await button('Replay').click();
      await expect.poll(() => slider('Token of the dialogue').inputValue(), SOON).not.toBe('0');
    },
  ],
  [
    'button "Pause"',
    async () => {
      await button('Pause').click();
      await button('Replay').waitFor();
    },
  ],
  [
    'summary "as a table" in "Heads"',
    async () => {
      const map = page.locator('.head-map').last();
      expect(await map.locator('tbody').count()).toBe(0);
      await map.locator('summary').click();
      expect(await map.locator('tbody td').first().textContent()).toMatch(/%$/);
    },
  ],
  [
    'button of a token, in "It could have been"',
    async () => {
      await page.locator('.answer.held .token').first().click();
      await tab('One word');
      const other = page.locator('.alternatives button').first();
      const text = (await other.textContent())!.replaceAll('␣', ' ');
      await other.click();
      await idle(page, 1);
      expect((await held()).startsWith(text)).toBe(true);
    },
  ],
  [
    'summary "Save"',
    async () => {
      await page.getByText('Save', { exact: true }).click();
      await button(/Course as SVG/).waitFor();
    },
  ],
  ...(
    [
      ['Dialogue and settings, for holdfast chat --load', /^dialogue\.o(n|ff)\.json$/],
      ['The hold, for --hold', /^hold\.json$/],
      ['Trace, as holdfast trace writes it', /^trace\.held\.safetensors$/],
      ['This page, as one file that works offline', /^dialogue\.html$/],
      ['Course as SVG', /^course\.svg$/],
      ['Course as PNG', /^course\.png$/],
    ] as const
  ).map(
    ([name, file]) =>
      [
        `button "${name}"`,
        async () => {
          const { name: written, content } = await saved(name);
          expect(written).toMatch(file);
          expect(content.length).toBeGreaterThan(100);
        },
      ] as const,
  ),
  [
    'button "New"',
    async () => {
      await page.keyboard.press('Escape');
      await button('New').click();
      expect(await rounds()).toBe(0);
    },
  ],
  [
    'button "Open"',
    async () => {
      await fresh();
      const [words] = await texts(page, 'untouched');
      const { content } = await saved(/Dialogue/);
      await page.keyboard.press('Escape');
      await button('New').click();
      await files('Open').setInputFiles({ ...JSON_FILE, buffer: content });
      await page.locator('.answer[aria-busy=false] .strip').waitFor();
      // The first of the two files is that of the untouched side, which is then shown alone.
      expect((await texts(page, 'held'))[0]).toBe(words);
    },
  ],
  [
    'button "Close"',
    async () => {
      await files('Open').setInputFiles({ ...JSON_FILE, buffer: Buffer.from('{') });
      expect(await page.getByRole('alert').textContent()).toContain('it is not JSON');
      await look();
      await button('Close').click();
      expect(await page.getByRole('alert').count()).toBe(0);
    },
  ],
  [
    'checkbox "send N lines as messages, one after another"',
    async () => {
      await button('New').click();
      await tab('Take hold');
      await select('Policy').selectOption('split-softmax');
      // So many that they are not over before "Stop" is pressed, however slow the browser is.
      const lines = Array.from({ length: 300 }, () => 'Is soup healthy?');
      await textbox('Message').fill(lines.join('\n'));
      await look();
      await checkbox(/send 300 lines/).check();
      await button('Send').click();
      await page.getByText(/^\d+ waiting$/).waitFor();
    },
  ],
  [
    'button "Queue"',
    async () => {
      await textbox('Message').fill('Will it rain in Oslo?');
      await button('Queue').click();
      expect(await textbox('Message').inputValue()).toBe('');
    },
  ],
  [
    'button "Stop"',
    async () => {
      await button('Stop').click();
      await button('Stop').waitFor({ state: 'detached' });
      expect(await rounds()).toBeLessThan(301);
      await button('New').click();
    },
  ],
  [
    'slider "Strength k"',
    async () => {
      // That it acts in the middle of an answer is in studio-state.test.ts.
      const captions = page.locator('.answer.held .caption');
      const strengths: string[] = [];
      for (const position of ['0.30', '0.80']) {
        await slider(/^Strength k$/).fill(position);
        await fresh();
        strengths.push(/k = [\d.]+/.exec((await captions.textContent())!)![0]);
      }
      expect(strengths[0]).not.toBe(strengths[1]);
    },
  ],
  [
    'link "Studies"',
    async () => {
      await page.getByRole('link', { name: 'Studies' }).click();
      await page.getByText(/There is no study here/).waitFor();
    },
  ],
  [
    'button "Look again"',
    async () => {
      const [asked] = await Promise.all([
        page.waitForRequest(/studio\/studies/),
        button('Look again').click(),
      ]);
      expect((await asked.response())!.ok()).toBe(true);
    },
  ],
  [
    'link "Dialogue"',
    async () => {
      await page.getByRole('link', { name: 'Dialogue' }).click();
      await textbox('System prompt').waitFor();
    },
  ],
];

describe.skipIf(CHROMIUM === undefined)('a control of the studio does what it says:', () => {
  let browser: Browser;
  let command: Command;
  let errors: string[];
  beforeAll(async () => {
    const folder = `${process.env.XDG_STATE_HOME}/no-studies`;
    command = await startCommand(['studio', '--no-open', '--port', '0', '--studies', folder]);
    browser = await startBrowser();
    ({ page, errors } = await openPage(browser, command.url));
    page.setDefaultTimeout(60_000);
    await select('Runs on').waitFor();
    await look();
  });
  afterAll(async () => {
    await browser?.close();
    await command?.end();
  });

  it.each(CONTROLS)('%s', async (_, use) => {
    await use();
    await look();
  });

  it('and these are all', () => {
    // The same control at another place has a row of its own, and the tokens that could have been are named by themselves.
    const listed = CONTROLS.map(([control]) => control).filter(
      (control) => !/" in "|in "It could/.test(control),
    );
    expect([...seen].sort()).toEqual([...listed].sort());
    expect(errors).toEqual([]);
  });
});
