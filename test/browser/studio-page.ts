import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { root } from './serve.js';

export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));
if (CHROMIUM === undefined) process.stderr.write('no Chromium: the tests of the pages are skipped\n');

/** Starts a Chromium that has no GPU: the processor draws its pages, which costs less than to emulate a GPU that draws them. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', '--disable-gpu'] });

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Expects that axe finds no violation on the page as it is. @param where says what the page shows */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(AXE);
  const found = await page.evaluate<string[]>(
    'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
  );
  expect(found, where).toEqual([]);
}

/** Expects that the page fits a window of 400 pixels, and that axe finds nothing there. */
export async function expectNarrow(page: Page, where: string): Promise<void> {
  const size = page.viewportSize()!;
  await page.setViewportSize({ width: 400, height: 800 });
  expect(await page.evaluate('document.documentElement.scrollWidth'), where).toBe(400);
  await expectAccessible(page, `${where}, 400 pixels`);
  await page.setViewportSize(size);
}

/** Expects that axe finds nothing in either scheme, nor in a narrow window. */
export async function expectForAll(page: Page, where: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page, `${where}, ${colorScheme}`);
  }
  await expectNarrow(page, where);
  await page.emulateMedia({ colorScheme: 'light' });
}

/** The words of a side's answers, top to bottom. */
export const texts = (page: Page, side: string): Promise<string[]> =>
  page.locator(`.answer.${side} .text`).allTextContents();

/** What a control is, in a snapshot of the page for assistive technology: its role and name. */
const CONTROL =
  /- '?((?:button|link|textbox|combobox|checkbox|radio|slider|spinbutton|switch|tab) "(?:[^"\\]|\\.)*")/g;

/**
 * The roles and names of the page's controls, with N for numbers. Left out are tokens that an answer could have had: they are
 * named by what they write.
 */
export async function controlsOf(page: Page): Promise<readonly string[]> {
  const [snapshot, summaries, tokens] = await Promise.all([
    page.locator('body').ariaSnapshot(),
    page.locator('summary').allTextContents(),
    page.locator('.alternatives button').allTextContents(),
  ]);
  const controls = [...snapshot.matchAll(CONTROL)].map(([, control]) => control!);
  const named = [...controls, ...summaries.map((name) => `summary "${name}"`)];
  const left = new Set(tokens.map((token) => `button "${token}"`));
  return [
    ...new Set(named.filter((name) => !left.has(name)).map((name) => name.replace(/\d+(?:\.\d+)?/g, 'N'))),
  ];
}

/** Opens a page, and notes its errors, violations of its policy among them. */
export async function openAt(browser: Browser, address: string): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(address);
  return { page, errors };
}

/** Opens a page with a model. */
export async function openPage(browser: Browser, address: string): ReturnType<typeof openAt> {
  const opened = await openAt(browser, address);
  await ready(opened.page);
  return opened;
}

/** Reloads a page that has a dialogue, and waits until that is there again. */
export async function reload(page: Page): Promise<void> {
  await page.reload();
  await ready(page);
  await page.locator('.said').first().waitFor();
}

export const ready = (page: Page): Promise<void> =>
  page.locator('button.primary[type=submit]:enabled').waitFor();

export const idle = async (page: Page, rounds: number): Promise<void> => {
  await page
    .locator('.round')
    .nth(rounds - 1)
    .waitFor();
  await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' });
};

export async function say(page: Page, message: string): Promise<void> {
  const before = await page.locator('.round').count();
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill(message);
  await page.getByRole('button', { name: 'Send' }).click();
  await idle(page, before + 1);
}

/** A command that serves a page. */
export interface Command {
  readonly process: ChildProcess;
  readonly url: string;
  /** Ends it by a signal, and returns its exit code. */
  end(): Promise<number | null>;
}

/** Starts a command that serves a page, and returns it once it listens. */
export async function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Command> {
  const child = spawn(process.execPath, [`${root}dist/cli/main.js`, ...args, '--threads', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  for await (const line of createInterface({ input: child.stdout! })) {
    return {
      process: child,
      url: line.replace('listening on ', ''),
      end: () => {
        child.kill();
        return ended;
      },
    };
  }
  throw new Error(`holdfast ${args.join(' ')} ended without an address`);
}
