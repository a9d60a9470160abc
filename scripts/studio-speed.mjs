// Measures whether the studio's page keeps up with a fast model: two sides that stream 50 tokens a second each, with 4,096
// tokens of a model of 30 layers of 9 heads on the page. The model is a stand-in: only the page is measured.
//
//     npm run build && node scripts/studio-speed.mjs
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROUNDS = 4;
const TOKENS = 512;
const RATE = 50;

/** A worker in place of the model's: earlier rounds come at once, the last one token by token. */
const STAND_IN = `
const card = { name: 'stand-in', executor: 'reference', precision: 'f32', layers: 30, heads: 9, meanLayers: [0],
  contextLength: 8192, preset: null, serverHold: null, notes: [] };
const words = Array.from({ length: 40 }, (_, word) => ' word' + word);
function token(index) {
  const parts = Array.from({ length: 6 }, () => Math.random());
  const sum = parts.reduce((a, b) => a + b);
  const heads = Array.from({ length: 270 }, () => Math.random() / 2);
  return { id: index, text: ' w' + (index % 97), probability: 0.5, strength: 0.6, shares: parts.map((part) => part / sum),
    alternatives: Array.from({ length: 8 }, (_, id) => ({ id, text: 't' + id, probability: 0.1 })),
    words: words.map(() => Math.random() / 100), heads, before: heads };
}
onmessage = async ({ data: { kind, call, name, takes } }) => {
  if (kind !== 'run') return;
  const tell = (message) => postMessage({ ...message, call });
  const report = (progress) => tell({ kind: 'report', progress });
  if (name === 'models') return tell({ kind: 'done', returns: [{ name: 'stand-in', about: '' }] });
  if (name === 'load') return tell({ kind: 'done', returns: card });
  if (name !== 'answer') return tell({ kind: 'done', returns: null });
  report({ kind: 'words', words });
  const slow = takes.past.length === ${ROUNDS - 1};
  const since = performance.now();
  for (let index = 0; index < ${TOKENS}; index++) {
    const due = slow ? (1000 * index) / ${RATE} : index / 20;
    const wait = due - (performance.now() - since);
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    report({ kind: 'token', token: token(index) });
  }
  const { system, user, steer, draw } = takes;
  report({ kind: 'end', end: { number: takes.past.length + 1, notice: null, sink: 0.1, receipt: null, dropped: [], promptTokens: 1,
    prompt: { before: 0.1, after: 0.2 }, reusedTokens: 0, prefillMs: 1, tokensPerSecond: ${RATE},
    turn: { system, user, assistant: 'x', ids: [1], begun: 0, strengths: null, finish: 'stop', steer, draw } } });
  tell({ kind: 'done', returns: null });
};`;

const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const server = spawn(process.execPath, [fileURLToPath(new URL('serve.mjs', import.meta.url)), '--port', '0']);
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const address = new URL('/dist/studio/page/', (await lines.next()).value).href;
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const body = STAND_IN;
  await page.route('**/worker-*.js', (route) => route.fulfill({ contentType: 'text/javascript', body }));
  await page.goto(address);
  await page.locator('button.primary[type=submit]:enabled').waitFor();
  const say = async (text) => {
    await page.locator('#message').fill(text);
    await page.getByRole('button', { name: 'Send' }).click();
  };
  const idle = () =>
    page.waitForFunction(() => document.querySelector('.composer button[type=button]') === null);
  for (let round = 1; round < ROUNDS; round++) {
    await say(`message ${round}`);
    await page
      .locator('.round')
      .nth(round - 1)
      .waitFor();
    await idle();
  }
  await page.getByRole('tab', { name: 'Heads' }).click();
  await page.waitForTimeout(1000);
  await page.evaluate(() => {
    const measured = { frames: [], long: [] };
    globalThis.measured = measured;
    new PerformanceObserver((list) =>
      measured.long.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({
      type: 'longtask',
    });
    let last = performance.now();
    const frame = (now) => {
      measured.frames.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  // The page's own processor time, whatever else runs on this machine.
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    return {
      seconds: performance.now() / 1000,
      ...{ all: of('TaskDuration'), script: of('ScriptDuration') },
      ...{ layout: of('LayoutDuration'), style: of('RecalcStyleDuration') },
    };
  };
  const before = await spent();
  await say('the last message');
  // The pointer moves over the answers while they are written.
  for (let move = 0; move < 40; move++) {
    await page.mouse.move(150 + 20 * move, 300 + 5 * move);
    await page.waitForTimeout(200);
  }
  await idle();
  const after = await spent();
  const part = (name) =>
    `${((100 * (after[name] - before[name])) / (after.seconds - before.seconds)).toFixed(0)} %`;
  const { frames, long } = await page.evaluate(() => globalThis.measured);
  const sorted = frames.slice(2).sort((a, b) => a - b);
  const at = (part) => sorted[Math.floor(part * (sorted.length - 1))].toFixed(1);
  const rate = (1000 * sorted.length) / sorted.reduce((a, b) => a + b, 0);
  process.stdout.write(
    `${2 * ROUNDS * TOKENS} tokens on the page, 2 × ${RATE} tokens a second: ${rate.toFixed(1)} frames a second, ` +
      `frame times ${at(0.5)} ms (median), ${at(0.99)} ms (99 %), ${at(1)} ms (longest); ` +
      `${long.length} tasks over 50 ms${long.length === 0 ? '' : `, the longest ${Math.max(...long).toFixed(0)} ms`}\n` +
      `processor time of the page's thread: ${part('all')} of one core (script ${part('script')}, layout ${part('layout')}, styles ${part('style')})\n`,
  );
} finally {
  await browser.close();
  server.kill();
}
