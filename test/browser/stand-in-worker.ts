import type { Page } from 'playwright-core';

/** The tokens of an answer of the stand-in, and how long each takes. */
interface Pace {
  readonly tokens: number;
  readonly everyMs: number;
}

/** A worker in place of the model's, whose answers take as long as a test needs. It is a model of 2 layers of 3 heads. */
const worker = ({ tokens, everyMs }: Pace): string => `
const card = { name: 'organism', executor: 'reference', precision: 'f32', layers: 2, heads: 3, meanLayers: [0, 1],
  contextLength: 512, preset: null, serverHold: null, notes: [] };
const strengths = {};
const stopped = new Set();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
onmessage = async ({ data: { kind, call, name, takes } }) => {
  if (kind === 'abort') return void stopped.add(call);
  const tell = (message) => postMessage({ ...message, call });
  const report = (progress) => tell({ kind: 'report', progress });
  const done = (returns) => tell({ kind: 'done', returns });
  if (name === 'models') return done([{ name: 'organism', about: '' }]);
  if (name === 'executors') return done([]);
  if (name === 'load') return done(card);
  if (name === 'strength') {
    strengths[takes.column] = takes.strength;
    return done(null);
  }
  const { column, system, user, steer, draw, past } = takes;
  strengths[column] = steer.schedule === null ? null : steer.schedule.strength;
  const used = [];
  report({ kind: 'words', words: ['Be', ' brief'] });
  for (let id = 0; id < ${tokens} && !stopped.has(call); id++) {
    await pause(${everyMs});
    used.push(strengths[column]);
    const share = strengths[column] === null ? 0.1 : 1 - strengths[column];
    report({ kind: 'token', token: { id, text: ' w' + id, probability: 0.5, strength: strengths[column],
      alternatives: [], shares: [share, 0.1, 0.1, 0.1, 0.1, 0.6 - share], words: [share / 2, share / 2],
      heads: Array(6).fill(share), before: null } });
  }
  const ids = used.map((_, id) => id);
  const text = ids.map((id) => ' w' + id).join('');
  report({ kind: 'end', end: { number: past.length + 1, notice: null, sink: 0.1, receipt: null, dropped: [], promptTokens: 1,
    prompt: { before: 0.1, after: 0.2 }, reusedTokens: 0, prefillMs: 1, tokensPerSecond: 1,
    turn: { system, user, assistant: text, ids, begun: 0, strengths: steer.schedule === null ? null : used,
      finish: stopped.has(call) ? 'abort' : 'stop', steer, draw } } });
  done(null);
};`;

/** Lets a page, and those opened from then on in its context, talk with the stand-in. */
export async function standIn(page: Page, pace: Pace): Promise<void> {
  await page
    .context()
    .route('**/worker-*.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: worker(pace) }),
    );
}
