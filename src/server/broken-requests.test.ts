import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../test/support/chat-fixtures.js';
import { get, longChat, raw, statusOf } from '../../test/support/raw-http.js';
import { serving } from '../../test/support/serving.js';
import type { Model } from '../engine/index.js';
import { type Listening, listen } from './listen.js';
import type { LogEntry } from './respond.js';

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

const open: Listening[] = [];
const log: LogEntry[] = [];
afterEach(() => {
  log.length = 0;
  for (const server of open.splice(0)) {
    server.close();
    server.end();
  }
});

/** Serves on a free port, and returns it. */
async function listening(): Promise<number> {
  const note = (entry: LogEntry): void => void log.push(entry);
  const { app } = serving({ tiny: model }, {}, { log: note });
  const bound = await listen(app, { host: '127.0.0.1', port: 0 }, note);
  open.push(bound);
  return Number(new URL(bound.url).port);
}

describe('what is no request', () => {
  const smuggled = (chunk: string) =>
    ['POST /v1/chat/completions HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', chunk].join(
      '\r\n',
    );

  it.each([
    ['no request', 'nonsense\r\n\r\n', 400],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['long headers', get('/v1/models', ['Host: localhost', `X: ${'x'.repeat(20_000)}`]), 431],
    ['two lengths', smuggled('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), 400],
    ['a bad chunk', smuggled('Transfer-Encoding: chunked\r\n\r\nxyz\r\n'), 400],
    ['no host', get('/v1/models', []), 400],
    ['an empty host', get('/v1/models', ['Host: ']), 400],
    ['a host that is none', get('/v1/models', ['Host: localhost@evil.example']), 400],
    ['a path that is none', get('nowhere', ['Host: localhost']), 400],
    ['no host in HTTP/1.0', 'GET /v1/models HTTP/1.0\r\n\r\n', 400],
  ])('has errors of the same form: %s', async (_, bytes, status) => {
    const answer = await raw(await listening(), bytes, /\}\}$/);
    expect(statusOf(answer)).toBe(status);
    const { error } = JSON.parse(answer.slice(answer.indexOf('{')));
    expect(error).toMatchObject({ type: 'invalid_request_error', message: expect.any(String), param: null });
    const id = /^x-request-id: (req_[0-9a-f]{32})\r$/im.exec(answer)?.[1];
    expect(log).toContainEqual(expect.objectContaining({ request: id, status }));
    expect(log.filter((entry) => entry.status >= 500)).toEqual([]);
  });

  it('is not answered in the middle of an answer', async () => {
    const port = await listening();
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (text === '') socket.write('nonsense\r\n\r\n');
      text += bytes;
    });
    socket.write(longChat(port, true));
    await once(socket, 'close');
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('answers a request that expects what the server does not know', async () => {
    const port = await listening();
    expect(statusOf(await raw(port, get('/v1/models', ['Host: localhost', 'Expect: tea'])))).toBe(200);
  });
});
