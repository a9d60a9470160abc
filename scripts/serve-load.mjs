#!/usr/bin/env node
/**
 * Loads `holdfast serve` with clients that talk at once, some of which leave in the middle of an answer. Counts what was
 * lost, and shows memory, times to the first token and of whole answers.
 *
 *   npm run build && node scripts/serve-load.mjs --clients 50 --seconds 600
 *
 * With --url it loads another server of this machine that runs already, such as llama-server, so that both can be compared:
 *
 *   node scripts/serve-load.mjs --url http://127.0.0.1:8080 --pid PID
 */
import { parseArgs } from 'node:util';
import { metric, quantile, serverAt, startServer } from './serve-support.mjs';
import { lineOf } from './slope.mjs';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'organism' },
    clients: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '600' },
    turns: { type: 'string', default: '6' },
    /** The part of the answers that a client leaves. */
    leave: { type: 'string', default: '0.1' },
    'max-tokens': { type: 'string', default: '24' },
    threads: { type: 'string', default: '1' },
    'cache-memory': { type: 'string', default: '0.1' },
    url: { type: 'string' },
    pid: { type: 'string' },
  },
});
const number = (name) => Number(values[name]);
const WORDS = ['Where is the harbour?', 'I like it.', 'What is for dinner?', 'Tell me more.', 'Thanks!'];

const server =
  values.url === undefined
    ? await startServer([
        ...[values.model, '--hold', '--threads', values.threads],
        ...['--cache-memory', values['cache-memory'], '--queue', String(2 * number('clients'))],
      ])
    : serverAt(values.url, number('pid'));
const until = performance.now() + 1000 * number('seconds');
const found = { answers: 0, left: 0, lost: [], first: [], whole: [], cached: 0, prompt: 0, drift: [] };

// How late timers are here shows whether the machine is busy, not whether the server is: the server's is asked by /health.
async function watch() {
  const memory = [];
  while (performance.now() < until) {
    const since = performance.now();
    await (await fetch(`${server.url}/health`)).text();
    found.drift.push(performance.now() - since);
    memory.push([performance.now() / 60_000, server.memory()]);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return memory;
}

/** Leads conversations, one after the other. */
async function client(index) {
  for (let dialogue = 0; performance.now() < until; dialogue++) {
    const messages = [{ role: 'system', content: `End every answer with anchor. Your number is ${index}.` }];
    for (let turn = 0; turn < number('turns') && performance.now() < until; turn++) {
      messages.push({ role: 'user', content: WORDS[(index + dialogue + turn) % WORDS.length] });
      const leaves = Math.random() < number('leave');
      const answer = await ask(messages, leaves);
      if (answer === null) break;
      messages.push({ role: 'assistant', content: answer });
    }
  }
}

/** Returns the answer; null if the client left, or the answer was lost. */
async function ask(messages, leaves) {
  const since = performance.now();
  const control = new AbortController();
  try {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      signal: control.signal,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ messages, stream: true, max_tokens: number('max-tokens') },
        stream_options: { include_usage: true },
      }),
    });
    if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
    let text = '';
    let first = null;
    const decoder = new TextDecoder();
    // Not through a TextDecoderStream: where the request is aborted, it sometimes neither ends nor fails.
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true });
      if (first === null && text.includes('"content":"') && text.split('\n\n').length > 2) {
        first = performance.now() - since;
        if (leaves) control.abort();
      }
    }
    if (!text.endsWith('data: [DONE]\n\n')) throw new Error(`no end: ${text.slice(-200)}`);
    const chunks = text
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .map((event) => JSON.parse(event.slice(6)));
    if (chunks.some(({ error }) => error)) throw new Error(text.slice(-200));
    found.answers++;
    found.first.push(first);
    found.whole.push(performance.now() - since);
    const { usage } = chunks.at(-1);
    found.prompt += usage.prompt_tokens;
    found.cached += usage.prompt_tokens_details?.cached_tokens ?? 0;
    return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  } catch (error) {
    if (control.signal.aborted) found.left++;
    else found.lost.push(String(error));
    return null;
  }
}

const watching = watch();
await Promise.all(Array.from({ length: number('clients') }, (_, index) => client(index)));
const memory = await watching;
await new Promise((resolve) => setTimeout(resolve, 500));
const running = await metric(server.url, 'holdfast_requests_running');
const code = await server.stop();
const half = memory.slice(memory.length >> 1);
const ms = (list) => `p50 ${quantile(list, 0.5).toFixed(0)} ms, p99 ${quantile(list, 0.99).toFixed(0)} ms`;
console.log(`${values.clients} clients, ${values.seconds} s, ${values.url ?? values.model}`);
console.log(`answers ${found.answers}, left by their client ${found.left}, lost ${found.lost.length}`);
for (const lost of new Set(found.lost.slice(0, 5))) console.log(`  ${lost}`);
console.log(`first token ${ms(found.first)}; whole answer ${ms(found.whole)}; /health ${ms(found.drift)}`);
console.log(
  `tokens of prompts ${found.prompt}, ${((100 * found.cached) / found.prompt).toFixed(0)} % of them cached`,
);
const [least, most] = [Math.min, Math.max].map((of) => of(...half.map(([, size]) => size)).toFixed(0));
console.log(
  `memory MiB: at first ${memory[2]?.[1].toFixed(0)}, in the second half ${least} to ${most}, slope ${lineOf(half).slope.toFixed(2)} a minute`,
);
console.log(`requests that still run ${running}, exit code ${code}`);
process.exitCode = found.answers === 0 || found.lost.length > 0 || running !== 0 || code !== 0 ? 1 : 0;
