#!/usr/bin/env node
/**
 * Sends `holdfast serve` what no client should: malformed requests, slow and half-closed connections, bodies that are too
 * long. Every answer must be one of 4xx, and the server must live on.
 *
 *   npm run build && node scripts/serve-hostile.mjs --requests 10000
 */
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { SHORT_ANSWERS, startServer } from './serve-support.mjs';

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});
const server = await startServer(SHORT_ANSWERS);
const statuses = new Map();
const wrong = [];

function note(what, status, accepted) {
  const key = `${what}: ${status}`;
  statuses.set(key, (statuses.get(key) ?? 0) + 1);
  if (!accepted.includes(status)) wrong.push(key);
}

/** Sends a body to a route, and notes the status. */
async function post(what, body, accepted, headers = {}) {
  const response = await fetch(`${server.url}/v1/${what}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    duplex: 'half',
  });
  const text = await response.text();
  note(what, response.status, accepted);
  if (response.status !== 200 && typeof JSON.parse(text).error?.message !== 'string') wrong.push(text);
}

/**
 * Writes bytes to a connection, and returns the status of the answer; 0 if the connection was closed without one, -1 if it
 * was neither answered nor closed while nothing went over it for half a minute.
 */
async function raw(write) {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  let text = '';
  let without = 0;
  socket.setTimeout(30_000, () => {
    without = -1;
    socket.destroy();
  });
  socket.on('data', (chunk) => {
    text += chunk;
  });
  // Not `once`: it takes an error, which is what many of these connections end with, for a failure of the script.
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await write(socket);
  await closed;
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? without);
}

const KEYS = [
  ...[
    'model',
    'messages',
    'prompt',
    'temperature',
    'top_p',
    'n',
    'seed',
    'stop',
    'max_tokens',
    'stream',
    'echo',
  ],
  ...[
    'logprobs',
    'top_logprobs',
    'logit_bias',
    'presence_penalty',
    'tools',
    'response_format',
    'hold',
    'user',
  ],
];
const HOLD = ['policy', 'strength', 'schedule', 'target', 'layers', 'heads', 'preset', 'off', 'stream'];
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    0,
    -1,
    1e308,
    2 ** 53,
    '',
    'x'.repeat(1000),
    '\u0000',
    [],
    {},
    null,
    true,
    '../../etc/passwd',
  ),
  fc.dictionary(fc.oneof(fc.constantFrom(...HOLD), fc.string()), fc.jsonValue({ maxDepth: 1 }), {
    maxKeys: 3,
  }),
);
const call = fc.record(
  {
    id: fc.oneof(fc.string(), value),
    type: fc.oneof(fc.constant('function'), value),
    function: fc.record({ name: fc.string(), arguments: fc.oneof(fc.json(), fc.string()) }),
  },
  { requiredKeys: ['function'] },
);
const message = fc.record(
  {
    tool_calls: fc.oneof(fc.array(call, { maxLength: 3 }), value),
    tool_call_id: fc.oneof(fc.string(), value),
    role: fc.oneof(fc.constantFrom('system', 'developer', 'user', 'assistant', 'tool'), fc.string()),
    content: fc.oneof(fc.string({ unit: 'binary' }), fc.array(value, { maxLength: 2 }), value),
  },
  { requiredKeys: [] },
);
const request = fc.tuple(
  fc.record(
    { messages: fc.oneof(fc.array(message, { maxLength: 4 }), value), prompt: fc.oneof(fc.string(), value) },
    { requiredKeys: [] },
  ),
  fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string()), value, { maxKeys: 4 }),
);
const bodies = fc.sample(request, { numRuns: Number(values.requests), seed: Number(values.seed) });
const since = performance.now();
let next = 0;
await Promise.all(
  Array.from({ length: 8 }, async () => {
    while (next < bodies.length) {
      const index = next++;
      const [fields, others] = bodies[index];
      // Answers are short, so that the requests that are in order after all do not take most of the time.
      const body = JSON.stringify({ max_tokens: 1, ...fields, ...others, stream: false });
      await post(index % 4 === 0 ? 'completions' : 'chat/completions', body, [200, 400, 429]);
    }
  }),
);
console.log(`${bodies.length} requests in ${((performance.now() - since) / 1000).toFixed(0)} s`);

const head = [
  ...[
    'POST /v1/chat/completions HTTP/1.1',
    `Host: 127.0.0.1:${server.port}`,
    'Content-Type: application/json',
  ],
  'Connection: close',
];
const many = JSON.stringify({
  messages: Array.from({ length: 1e5 }, () => ({ role: 'user', content: 'x' })),
});
await post('chat/completions', many, [400, 413]);
const nested = `{"messages": ${'['.repeat(1e6)}${']'.repeat(1e6)}}`;
await post('chat/completions', nested, [400]);
note(
  'a body of 100 MB, announced',
  await raw((socket) => socket.write(`${[...head, 'Content-Length: 104857600'].join('\r\n')}\r\n\r\n{`)),
  [413],
);
note(
  'a body of 100 MB, in pieces',
  await raw(async (socket) => {
    socket.write(`${[...head, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n`);
    const piece = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(1 << 20, ' '), Buffer.from('\r\n')]);
    for (let sent = 0; sent < 100 && !socket.destroyed; sent++) {
      if (!socket.write(piece))
        await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
    }
  }),
  [413, 0],
);
const slow = Array.from({ length: 100 }, () =>
  raw(async (socket) => {
    socket.write(`${head[0]}\r\n`);
    for (let line = 0; !socket.destroyed && line < 30; line++) {
      socket.write(`X-${line}: a\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }),
);
for (const status of await Promise.all(slow)) note('slow headers', status, [408, 0]);
const half = Array.from({ length: 100 }, () =>
  raw((socket) => {
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], max_tokens: 4 });
    socket.end(`${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`);
  }),
);
for (const status of await Promise.all(half)) note('half closed', status, [200, 0, 429]);
const left = Array.from({ length: 200 }, () =>
  raw((socket) => {
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], stream: true });
    socket.write(`${[...head, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`);
    setTimeout(() => socket.destroy(), Math.random() * 50);
  }),
);
for (const status of await Promise.all(left)) note('left', status, [200, 0, 429]);

for (const [key, times] of [...statuses].sort()) console.log(`${key}: ${times} times`);
const health = await fetch(`${server.url}/health`);
console.log(`health ${health.status}, memory ${server.memory().toFixed(0)} MiB, wrong ${wrong.length}`);
for (const each of [...new Set(wrong)].slice(0, 10)) console.log(`  ${each}`);
const code = await server.stop();
console.log(`exit code ${code}`);
process.exitCode = wrong.length > 0 || health.status !== 200 || code !== 0 ? 1 : 0;
