#!/usr/bin/env node
/**
 * Asks `holdfast serve` on the embedded model for hours: a fixed rate of requests of mixed lengths, some of which are left
 * in mid-answer or are wrong. Watches memory, handles, threads and times, and fits a line to each over the second half: none
 * may grow; asks a question with a seed again and again, whose answer must be that of a fresh process. Exit code 1 if one of
 * this does not hold.
 *
 *     npm run build && node scripts/soak-serve.mjs --requests 150000 --rate 20
 *
 * SIGTERM ends it early, with a report on the requests until then. It takes 16 looks, so 3,200 requests, to tell anything.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRandom } from '../dist/random.js';
import { quantile, startServer } from './serve-support.mjs';
import { growthOf } from './slope.mjs';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '150000' },
    rate: { type: 'string', default: '20' },
    /** Requests between two looks at the process. */
    every: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
});
const requests = Number(values.requests);
const random = createRandom(Number(values.seed));
const args = ['organism', '--hold', '--threads', '1', '--cache-memory', '0.25', '--queue', '400'];
const pick = (list) => list[Math.floor(random() * list.length)];
const WORDS = ['hello', 'where is the harbour', 'what is for dinner', 'tell me more', 'thanks'];

const post = (url, body, signal) =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal,
  });

/**
 * The slopes, per 1000 requests, above which something is taken to grow. Only what all of the interval is above is a fault.
 * - 0.1 MiB is 100 bytes a request: at 20 requests a second, 173 MiB a day.
 * - 0.1 handles are one for 10,000 requests, so the 1024 that a process usually may have are there after 10 million. One that is
 *   left open for each request that is left in mid-answer would be 150.
 * - 10 ms are 1.5 s after 150,000 requests: something is searched that grows with them, or the machine is too slow for the rate
 *   and requests queue up. Then memory tells nothing either, and the rate must be lower. Of the slowest of 100, ten times that.
 */
const MOST = {
  'memory, MiB': 0.1,
  handles: 0.1,
  threads: 0.1,
  'median time, ms': 10,
  'p99 time, ms': 100,
};

/** Kinds of requests: up to which random number, what is sent, and what must come of it. */
const KINDS = [
  { below: 0.7, kind: 'answered', send: (url) => post(url, question()).then(expectStatus(200)) },
  { below: 0.85, kind: 'left', send: leave },
  { below: 0.93, kind: 'refused', send: (url) => post(url, pick(WRONG)).then(expectStatus(400)) },
  { below: 1, kind: 'control', send: control },
];
const WRONG = ['{', '[]', '{"messages":[]}', '{"messages":[{"role":"user","content":"x"}],"temperature":-1}'];

/** The question whose answer is known, of a process that has answered nothing else. */
const CONTROL = {
  messages: [
    { role: 'system', content: 'End every answer with anchor.' },
    { role: 'user', content: 'hello' },
  ],
  ...{ temperature: 1, seed: 7, max_tokens: 8 },
};

function question() {
  const messages = [{ role: 'system', content: `End every answer with ${pick(WORDS)}.` }];
  for (let turn = Math.floor(random() * 6); turn >= 0; turn--) {
    messages.push({ role: 'user', content: pick(WORDS) });
    if (turn > 0)
      messages.push({ role: 'assistant', content: pick(WORDS).repeat(1 + Math.floor(random() * 4)) });
  }
  return { messages, max_tokens: 1 + Math.floor(random() * 8), temperature: 1 };
}

const expectStatus = (status) => async (response) => {
  const text = await response.text();
  if (response.status !== status)
    throw new Error(`status ${response.status}, not ${status}: ${text.slice(0, 200)}`);
  return text;
};

async function leave(url) {
  const controller = new AbortController();
  const response = await post(url, { ...question(), stream: true, max_tokens: 200 }, controller.signal);
  if (response.status !== 200) await expectStatus(200)(response);
  const reader = response.body.getReader();
  let begun = '';
  for (let next = { done: false }; !next.done && !/^data: .*\n/m.test(begun); ) {
    next = await reader.read();
    begun += Buffer.from(next.value ?? []);
  }
  if (!/^data: \{.*"choices":/m.test(begun)) throw new Error(`the answer begins with ${begun.slice(0, 200)}`);
  controller.abort();
  await reader.read().catch(() => {});
}

let known = null;
async function control(url) {
  const { choices } = JSON.parse(await post(url, CONTROL).then(expectStatus(200)));
  const answer = choices[0].message.content;
  if (known === null) known = answer;
  else if (answer !== known)
    throw new Error(`the answer of the seed is ${JSON.stringify(answer)}, not ${JSON.stringify(known)}`);
}

const fresh = await startServer(args);
await control(fresh.url);
await fresh.stop();

const server = await startServer(args);
const counts = {};
const failures = [];
const looks = [];
let times = [];
const running = new Set();
const since = performance.now();

let stopped = false;
process.on('SIGTERM', () => {
  stopped = true;
});
for (let sent = 0; sent < requests && server.alive && !stopped; sent++) {
  const late = (1000 * sent) / Number(values.rate) - (performance.now() - since);
  if (late > 0) await new Promise((resolve) => setTimeout(resolve, late));
  while (running.size >= 200) await Promise.race(running);
  const drawn = random();
  const { kind, send } = KINDS.find(({ below }) => drawn < below);
  const begun = performance.now();
  const request = send(server.url)
    .then(
      () => {
        counts[kind] = (counts[kind] ?? 0) + 1;
        if (kind !== 'left') times.push(performance.now() - begun);
      },
      (error) => failures.push(`${kind}: ${error}`),
    )
    .finally(() => running.delete(request));
  running.add(request);
  if ((sent + 1) % Number(values.every) === 0) look(sent + 1);
}
await Promise.all(running);

function look(sent) {
  const tasks = `/proc/${server.pid}`;
  looks.push({
    sent,
    'memory, MiB': server.memory(),
    handles: readdirSync(`${tasks}/fd`).length,
    threads: Number(/Threads:\s+(\d+)/.exec(readFileSync(`${tasks}/status`, 'utf8'))[1]),
    'median time, ms': quantile(times, 0.5),
    'p99 time, ms': quantile(times, 0.99),
  });
  times = [];
}

const seconds = (performance.now() - since) / 1000;
if (!server.alive) failures.push('the server ended');
const code = server.alive ? await server.stop() : null;
const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
console.log(
  `${new Date().toISOString()}: ${total} requests in ${seconds.toFixed(0)} s (${(total / seconds).toFixed(1)} a second)`,
);
console.log(
  Object.entries(counts)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', '),
  `; failed ${failures.length}`,
);
for (const failure of new Set(failures.slice(0, 5))) console.log(`  ${failure}`);
const half = looks.slice(looks.length >> 1);
let grows = false;
for (const [name, most] of Object.entries(MOST)) {
  const points = half.map((each) => [each.sent / 1000, each[name]]);
  const growth = growthOf(name, points, { most, per: '1000 requests' });
  console.log(growth.text);
  grows ||= growth.grows;
}
console.log(`exit code ${code}`);
process.exitCode = failures.length > 0 || code !== 0 || grows ? 1 : 0;
