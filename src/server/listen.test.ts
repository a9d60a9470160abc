import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../test/support/chat-fixtures.js';
import { get, longChat, raw, statusOf } from '../../test/support/raw-http.js';
import { type Serving, serving } from '../../test/support/serving.js';
import { type Model, withForward } from '../engine/index.js';
import { type Access, readOrigin } from './guard.js';
import { type Listening, listen } from './listen.js';

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

const open: Listening[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    void server.end();
  }
});

/** Serves on a free port. */
async function listening(
  access: Partial<Access> = {},
  options: Parameters<typeof serving>[2] = {},
  tiny = model,
): Promise<{ readonly server: Serving; readonly port: number; readonly url: string }> {
  const server = serving(
    { tiny },
    {},
    {
      ...options,
      access: { token: null, hosts: [], origins: [], ...access },
    },
  );
  const bound = await listen(server.app, { host: '127.0.0.1', port: 0 });
  open.push(bound);
  return { server, url: bound.url, port: Number(new URL(bound.url).port) };
}

/** The model, whose passes wait for a gate or their abort: however fast it is, an answer lasts while a test looks at it. */
function gated(): { readonly model: Model; open(): void } {
  const gate = new AbortController();
  const waits = withForward(model, async (requests, options = {}) => {
    const through = AbortSignal.any([gate.signal, ...(options.signal === undefined ? [] : [options.signal])]);
    if (!through.aborted) await once(through, 'abort');
    return model.executor.forward(requests, options);
  });
  return { model: waits, open: () => gate.abort() };
}

describe('names are checked before routes', () => {
  it.each([
    [['Host: localhost:PORT'], 200],
    [['Host: 127.0.0.1'], 200],
    [['Host: [::1]:PORT'], 200],
    [['Host: 192.168.7.5:PORT'], 200],
    [['Host: box.local'], 200],
    [['Host: cased.local'], 200],
    [['Host: evil.example:PORT'], 403],
    [['Host: localhost.evil.example'], 403],
    [['Host: localhost:PORT', 'Origin: http://localhost:PORT'], 200],
    [['Host: localhost:PORT', 'Origin: https://chat.example'], 200],
    [['Host: localhost:PORT', 'Origin: https://evil.example'], 403],
    [['Host: localhost:PORT', 'Origin: http://localhost:3000'], 403],
    [['Host: localhost:PORT', 'Origin: https://localhost:PORT'], 403],
    [['Host: box.local', 'Origin: http://box.local'], 200],
    [['Host: box.local', 'Origin: https://box.local'], 403],
    [['Host: localhost:PORT', 'Origin: null'], 403],
    [['Host: evil.example:PORT', 'Origin: http://evil.example:PORT'], 403],
    [['Host: '], 400],
    [['Host: localhost@evil.example'], 400],
    [[], 400],
  ])('%j gets %i', async (headers, status) => {
    const { port } = await listening({
      hosts: ['box.local', 'Cased.Local'],
      origins: ['https://chat.example'],
    });
    const named = headers.map((header) => header.replaceAll('PORT', String(port)));
    const answer = await raw(port, get('/v1/models', named));
    expect(statusOf(answer)).toBe(status);
    const nowhere = statusOf(await raw(port, get('/nowhere', named)));
    expect(nowhere).toBe(status === 200 ? 404 : status);
  });

  it('reads the host of the header, not that of an absolute path', async () => {
    const { port } = await listening();
    expect(statusOf(await raw(port, get('http://localhost/v1/models', ['Host: evil.example'])))).toBe(403);
  });

  it('reads the names after any number of other headers', async () => {
    const { port } = await listening();
    for (const many of [40, 120, 2500]) {
      const others = Array.from({ length: many }, () => 'a:');
      const named = [`Host: localhost:${port}`, ...others, 'Origin: https://evil.example'];
      expect(statusOf(await raw(port, get('/v1/models', named)))).toBe(403);
    }
  });

  it('lets pages of a named origin ask first, and no others', async () => {
    const preflight = async (origins: readonly string[]): Promise<string> => {
      const { port } = await listening({ origins });
      const asking = [
        `Host: localhost:${port}`,
        'Origin: https://chat.example',
        'Access-Control-Request-Method: POST',
      ];
      return raw(port, get('/v1/chat/completions', asking).replace('GET', 'OPTIONS'));
    };
    expect(await preflight(['https://chat.example'])).toMatch(
      /access-control-allow-origin: https:\/\/chat.example/i,
    );
    expect(await preflight(['https://chat.example'])).toMatch(
      /access-control-expose-headers: .*retry-after-ms/i,
    );
    expect(await preflight([])).not.toMatch(/access-control-allow-origin/i);
  });
});

it.each([
  ['https://chat.example', 'https://chat.example'],
  ['https://chat.example/', 'https://chat.example'],
  ['HTTPS://Chat.Example:443', 'https://chat.example'],
  ['http://localhost:3000/', 'http://localhost:3000'],
  ['tauri://localhost', 'tauri://localhost'],
  ['https://chat.example/page', null],
  ['https://chat.example/?x', null],
  ['chat.example', null],
  ['null', null],
  ['*', null],
])('the origin %s is read as %s', (text, origin) => {
  expect(readOrigin(text)).toBe(origin);
});

describe('a token', () => {
  it('is needed for everything but the health', async () => {
    const { url } = await listening({ token: 'secret' });
    const statusWith = async (path: string, key?: string): Promise<number> =>
      (await fetch(url + path, key === undefined ? {} : { headers: { authorization: key } })).status;
    expect(await statusWith('/health')).toBe(200);
    for (const path of ['/v1/models', '/metrics', '/openapi.json', '/nowhere']) {
      expect(await statusWith(path)).toBe(401);
    }
    for (const key of ['Bearer wrong', 'secret', 'Bearer ', 'Basic secret']) {
      expect(await statusWith('/v1/models', key)).toBe(401);
    }
    expect(await statusWith('/v1/models', 'Bearer secret')).toBe(200);
  });
});

describe('what a connection may send', () => {
  it('is bounded: bodies and headers', async () => {
    const { port } = await listening();
    const head = [
      'POST /v1/chat/completions HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      'Content-Type: application/json',
    ];
    const announced = [...head, 'Content-Length: 104857600', '', '{'].join('\r\n');
    expect(statusOf(await raw(port, announced))).toBe(413);
    const piece = `${(1 << 20).toString(16)}\r\n${' '.repeat(1 << 20)}\r\n`;
    const chunked = [...head, 'Transfer-Encoding: chunked', '', piece.repeat(5)].join('\r\n');
    expect(statusOf(await raw(port, chunked))).toBe(413);
    expect(statusOf(await raw(port, get('/', [`Host: localhost`, `X: ${'x'.repeat(20_000)}`])))).toBe(431);
    expect(statusOf(await raw(port, 'nonsense\r\n\r\n'))).toBe(400);
    expect(statusOf(await raw(port, get('/v1/models', ['Host: localhost'])))).toBe(200);
  });
});

describe('a client that leaves', () => {
  it.each([true, false])('stops its answer, and leaves its place to others (stream: %s)', async (stream) => {
    const { server, port } = await listening({}, { parallel: 1 }, gated().model);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(longChat(port, stream));
    if (stream) await once(socket, 'data');
    await waitFor(() => server.shelf.loaded[0]?.pool.running === 1);
    socket.destroy();
    await waitFor(() => server.workload.running === 0);
    expect(server.shelf.loaded[0]!.pool.running).toBe(0);
    await waitFor(() => server.log.length > 0);
    expect(server.log.at(-1)).toMatchObject({ tokens: null, outcome: 'left' });
    expect(statusOf(await raw(port, get('/v1/models', ['Host: localhost'])))).toBe(200);
  });

  it('that waits is no longer waited for', async () => {
    const gate = gated();
    const { server, port } = await listening({}, { parallel: 1 }, gate.model);
    const running = raw(port, longChat(port, true), /\[DONE\]/);
    await waitFor(() => server.shelf.loaded[0]?.pool.running === 1);
    const socket = connect(port, '127.0.0.1');
    socket.write(longChat(port, false));
    await waitFor(() => server.shelf.loaded[0]!.pool.waiting === 1);
    socket.destroy();
    await waitFor(() => server.shelf.loaded[0]!.pool.waiting === 0);
    gate.open();
    expect(await running).toContain('[DONE]');
  });

  it('and only half closes its connection does no harm', async () => {
    const { port } = await listening();
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    socket.end(longChat(port, false));
    socket.resume();
    await once(socket, 'close');
    expect(statusOf(await raw(port, get('/health', ['Host: localhost'])))).toBe(200);
  });
});

describe('a server that stops', () => {
  it('ends what it has begun, and refuses what comes', async () => {
    const gate = gated();
    const { server, url, port } = await listening({}, {}, gate.model);
    const running = raw(port, longChat(port, true), /\[DONE\]/);
    await waitFor(() => server.workload.running === 1);
    const drained = server.workload.drain(60_000);
    const health = await fetch(`${url}/health`);
    expect(health.status).toBe(503);
    expect(Number(health.headers.get('retry-after-ms'))).toBeGreaterThan(0);
    const late = await server.ask('/v1/chat/completions', { messages: [{ role: 'user', content: 'hello' }] });
    expect(late.status).toBe(503);
    expect(late.headers.get('x-should-retry')).toBe('true');
    gate.open();
    expect(await running).toContain('[DONE]');
    await drained;
  });

  it('waits no longer than it is told to', async () => {
    const { server, port } = await listening({}, {}, gated().model);
    const running = raw(port, longChat(port, true), /"error"/);
    await waitFor(() => server.workload.running === 1);
    await server.workload.drain(1);
    expect(await running).toContain('the request was stopped');
  });

  it.each([
    ['its answer', 60_000, 200],
    ['that it was stopped', 1, 503],
  ])('sends a client without a stream %s before it closes the connection', async (_, drainMs, status) => {
    const gate = gated();
    const { server, port } = await listening({}, {}, gate.model);
    const running = raw(port, longChat(port, false), /\}$/);
    await waitFor(() => server.workload.running === 1);
    const bound = open.at(-1)!;
    bound.close();
    const drained = server.workload.drain(drainMs);
    if (status === 200) gate.open();
    await drained;
    await bound.end();
    const answer = await running;
    expect(statusOf(answer)).toBe(status);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toHaveProperty(
      status === 200 ? 'choices' : 'error',
    );
  });

  it('does not wait for a client that has sent only a part of its request', async () => {
    const { server, port } = await listening();
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(longChat(port, false).slice(0, -20));
    await get200(port); // what was sent before has come
    open.at(-1)!.close();
    await server.workload.drain(60_000);
    const closed = once(socket, 'close');
    await open.at(-1)!.end();
    await closed;
  });

  it('takes any number as the time to wait', async () => {
    const { server, port } = await listening({}, {}, gated().model);
    void raw(port, longChat(port, true), /"error"/);
    await waitFor(() => server.workload.running === 1);
    void server.workload.drain(1e300);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.workload.running).toBe(1);
  });
});

const get200 = async (port: number): Promise<void> =>
  expect(statusOf(await raw(port, get('/v1/models', ['Host: localhost'])))).toBe(200);

it('an address that is taken is an error of its own', async () => {
  const { port, server } = await listening();
  await expect(listen(server.app, { host: '127.0.0.1', port })).rejects.toThrow(
    /E_LISTEN: cannot listen on 127/,
  );
});

/** Waits until a condition holds. */
async function waitFor(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
