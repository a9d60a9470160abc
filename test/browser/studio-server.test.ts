import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tinyModel } from '../support/families.js';
import { startLoopbackHub } from '../support/loopback-hub.js';
import { simulateStudy, TRUE_ARMS } from '../support/simulated-study.js';
import { plannedCell, writeCell, writeStudy } from '../support/study-folder.js';
import {
  CHROMIUM,
  type Command,
  controlsOf,
  expectAccessible,
  expectForAll,
  idle,
  openAt,
  openPage,
  ready,
  say,
  startBrowser,
  startCommand,
  texts,
} from './studio-page.js';

const PATIENT = { timeout: 20_000 };

/** The bytes of the weights that a download has put into a cache, so far. */
function partBytes(cache: string): number | undefined {
  const files = readdirSync(cache, { recursive: true, encoding: 'utf8' });
  const part = files.find((path) => path.includes('.holdfast-incomplete'));
  return part === undefined ? undefined : statSync(join(cache, part)).size;
}

describe.skipIf(CHROMIUM === undefined)('the studio behind a server', () => {
  let browser: Browser;
  const commands: Command[] = [];
  const start = async (...asked: Parameters<typeof startCommand>): Promise<Command> => {
    const command = await startCommand(...asked);
    commands.push(command);
    return command;
  };
  const studio = (args: readonly string[], env = {}): Promise<Command> =>
    start(['studio', '--no-open', '--port', '0', ...args], env);
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterEach(async () => {
    await Promise.all(commands.splice(0).map(({ end }) => end()));
  });
  afterAll(() => browser?.close());

  it('answers, says what to do when the server is gone, and goes on when it is back, asked or not', async () => {
    const first = await studio([]);
    const { page } = await openPage(browser, first.url);
    await say(page, 'How do I cook pasta?');
    expect((await texts(page, 'untouched'))[0]).toMatch(/quartz/);
    expect(await first.end()).toBe(0);
    await say(page, 'Is soup healthy?');
    expect(await page.locator('.answer .failure').first().textContent()).toMatch(/Start it again/);
    const { port } = new URL(first.url);
    const second = await start(['studio', '--no-open', '--port', port]);
    await page.getByRole('button', { name: 'Retry' }).last().click();
    await page.locator('.answer.held .strip').nth(1).waitFor();
    await idle(page, 2);
    const answers = await texts(page, 'held');
    expect(answers[1]).not.toBe('');
    // A server that was started again between two messages has neither the model nor the dialogue.
    await second.end();
    await start(['studio', '--no-open', '--port', port]);
    await say(page, 'Will it rain in Oslo?');
    expect((await texts(page, 'held')).slice(0, 2)).toEqual(answers);
    expect(await page.locator('.answer .failure').count()).toBe(0);
  });

  it('runs on the executor that is chosen in the page, also after a reload, and cancels a download, resumes it, and answers with the model', async () => {
    const parts = [
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'chat_template.jinja',
      'model.safetensors',
    ];
    const repo = 'HuggingFaceTB/SmolLM2-135M-Instruct';
    const hub = await startLoopbackHub({
      [repo]: {
        files: Object.fromEntries(parts.map((part) => [part, readFileSync(tinyModel('llama', part))])),
      },
    });
    try {
      // So slow that a busy browser shows how far it is.
      const slow = { dripBytes: 8_000, everyMs: 60 };
      hub.misbehave.set('model.safetensors', [{ stopAt: 5000 }, slow]);
      const cache = mkdtempSync(join(tmpdir(), 'holdfast-cache-'));
      const { url } = await studio([], {
        ...{ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache, HF_HUB_OFFLINE: '0', HF_TOKEN_PATH: '/nowhere' },
      });
      const { page, errors } = await openPage(browser, url);
      const executor = page.getByLabel('Runs on');
      await executor.waitFor();
      expect(await executor.inputValue()).toBe('cpu');
      await executor.selectOption('reference');
      await ready(page);
      await page.reload();
      await executor.waitFor();
      expect(await executor.inputValue()).toBe('reference');

      const models = page.getByLabel('Model');
      const named = models.locator('optgroup[label="to download"] option', {
        hasText: 'SmolLM2-135M-Instruct',
      });
      expect(await named.first().textContent()).toMatch(/, \d+ million parameters$/);
      expect(await models.locator('optgroup[label="here"] option').first().textContent()).toBe('organism');
      await models.selectOption(repo);
      // Cancelled when a part of the weights has arrived, not before they are requested.
      await expect.poll(() => partBytes(cache), PATIENT).toBe(5000);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await ready(page);
      expect(await models.inputValue()).toBe('organism');
      await say(page, 'Is soup healthy?');
      expect((await texts(page, 'held'))[0]).not.toBe('');

      // Chosen again, it is downloaded to its end, and answers.
      await Promise.all([
        page.getByText(/^downloading, \d.* of \d.* …$/).waitFor(),
        models.selectOption(repo),
      ]);
      await ready(page);
      expect(await models.inputValue()).toBe(repo);
      expect(hub.asked.some(({ range }) => range?.startsWith('bytes=5000'))).toBe(true);
      await say(page, 'And rice?');
      expect(await page.locator('.answer .failure').count()).toBe(0);
      expect(errors).toEqual([]);
    } finally {
      await hub.close();
    }
  });

  it('follows a study while it runs, shows what failed, its dialogues and its report', async () => {
    const studies = mkdtempSync(join(tmpdir(), 'holdfast-studies-'));
    const folder = join(studies, 'decay');
    mkdirSync(folder);
    const result = simulateStudy({ dialogues: 4, rounds: 4, arms: TRUE_ARMS.slice(0, 2) });
    const dialogues = result.records.filter(({ kind }) => kind === 'dialogue');
    const last = dialogues.at(-1)!;
    const { model, executor, precision, source, arm, seed, index } = last;
    const missing = {
      model,
      executor,
      precision,
      source,
      arm,
      seed,
      index,
      kind: 'dialogue',
      measure: null,
    } as const;
    const gaps = [
      { ...missing, index: 99, error: 'out of <b>memory</b>' },
      { ...missing, error: null },
    ];
    await writeStudy(folder, {
      ...result,
      records: result.records.filter((record) => record !== last),
      gaps,
    });
    const other = simulateStudy({ dialogues: 2, rounds: 2, arms: TRUE_ARMS.slice(0, 1) });
    mkdirSync(join(studies, 'other'));
    await writeStudy(join(studies, 'other'), { ...other, gaps: [] });
    const { url } = await studio(['--studies', studies]);
    const { page, errors } = await openAt(browser, `${url}#studies`);
    const counted = (): Promise<string | null> =>
      page.locator('.studies .card').first().locator('p').first().textContent();
    const total = result.records.length + 1;
    await expect
      .poll(counted, PATIENT)
      .toMatch(new RegExp(`^${total - 2} of ${total} cells done, 1 failed, 1 missing`));
    await page.getByText('What failed').click();
    expect(await page.locator('.failures li').textContent()).toContain('out of <b>memory</b>');

    const { address } = plannedCell(missing);
    await writeCell(folder, address, last);
    await expect.poll(counted, PATIENT).toMatch(new RegExp(`^${total - 1} of ${total} cells done, 1 failed`));

    const section = page.locator('.study-dialogues');
    const [left, right] = TRUE_ARMS.map(({ name }) => name);
    expect(await section.locator('h3').allTextContents()).toEqual([`${left} `, `${right} `]);
    await section.locator('.answer.held .text').first().waitFor();
    expect(await section.locator('.answer.held').count()).toBe(4);
    // The lines are named by their arms, and a score says that it is one.
    const course = await section.locator('.course-chart text').allTextContents();
    expect(course).toEqual(expect.arrayContaining(['round', left, right]));
    expect(await section.locator('.probes b').first().textContent()).toMatch(/^score [\d.]+ · /);
    const said = await section.locator('.said').first().textContent();
    await section.getByRole('button', { name: 'Next' }).click();
    await expect.poll(() => section.getByLabel('Dialogue').inputValue(), PATIENT).toMatch(/^1, seed/);
    expect(said).not.toBeNull();
    await section.getByRole('button', { name: 'Previous' }).click();
    await expect.poll(() => section.getByLabel('Dialogue').inputValue(), PATIENT).toMatch(/^0, seed/);
    await section.getByLabel('Dialogue').selectOption({ index: 2 });
    await expect.poll(() => section.getByRole('button', { name: 'Next' }).isEnabled(), PATIENT).toBe(true);
    expect(await section.getByLabel('Dialogue').inputValue()).toMatch(/^2, seed/);
    for (const [side, name] of [
      ['Left', right!],
      ['Right', left!],
    ] as const) {
      await section.getByRole('combobox', { name: side, exact: true }).selectOption(name);
    }
    expect(await section.locator('h3').allTextContents()).toEqual([`${right} `, `${left} `]);
    await section.getByLabel('Model and source').selectOption({ index: 0 });
    await section.locator('.answer.held .text').first().waitFor();

    const count = other.records.length;
    const study = page.getByRole('combobox', { name: 'Study', exact: true });
    await study.selectOption('other');
    await expect.poll(counted, PATIENT).toMatch(new RegExp(`^${count} of ${count} cells done`));
    await study.selectOption('decay');
    await expect.poll(counted, PATIENT).toMatch(new RegExp(`^${total - 1} of ${total} cells done`));

    await page.getByRole('button', { name: 'Write it' }).click();
    await page.getByText(/^Written /).click({ timeout: 60_000 });
    await page.frameLocator('iframe').getByRole('heading', { level: 1 }).waitFor();
    const [report] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: 'Open it in a tab of its own' }).click(),
    ]);
    await report.getByRole('heading', { level: 1 }).waitFor();
    await report.close();
    // These are all controls of a study, and each is used above.
    expect((await controlsOf(page)).filter((name) => !/^summary "Written/.test(name)).sort()).toEqual(
      [
        ...[
          'link "Dialogue"',
          'link "Studies"',
          'link "Open it in a tab of its own"',
          'summary "What failed"',
        ],
        ...['Study', 'Model and source', 'Dialogue', 'Left', 'Right'].map((name) => `combobox "${name}"`),
        ...['Write it again', 'Previous', 'Next'].map((name) => `button "${name}"`),
      ].sort(),
    );
    await expectForAll(page, 'a study');
    expect(errors).toEqual([]);
  });

  it('is the front page of holdfast serve, asks for its token, and talks with its model', async () => {
    const { url } = await start(['serve', '--port', '0', '--token', 'secret']);
    const { page } = await openAt(browser, url);
    const token = page.getByLabel('This server needs its token');
    await token.fill('wrong');
    await page.getByRole('button', { name: 'Enter' }).click();
    await token.waitFor();
    await expectAccessible(page, 'the token');
    await token.fill('secret');
    await page.keyboard.press('Enter');
    await ready(page);
    expect(await page.getByLabel('Model').locator('option').allTextContents()).toEqual(['organism']);
    expect(await page.getByLabel('Runs on').count()).toBe(0);
    await say(page, 'How do I cook pasta?');
    expect((await texts(page, 'untouched'))[0]).toMatch(/quartz/);
    await page.locator('.answer.held .token').nth(1).hover();
    await page.locator('.answer.held .token.chosen').waitFor();
  });
});
