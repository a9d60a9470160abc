import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture } from '../../test/support/chat-fixtures.js';
import { longChat } from '../../test/support/raw-http.js';
import { eventsOf, jsonOf, type Serving, serving } from '../../test/support/serving.js';
import type { Model } from '../engine/index.js';
import { listen } from './listen.js';

const CHAT = '/v1/chat/completions';
const messages = [{ role: 'user', content: 'hello' }];
const asked = { messages, temperature: 2, seed: 5, max_tokens: 8, stream: true };

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

/** A server of one answer at once, and a stream that keeps its place until it is read. */
async function busy(queue = 1): Promise<{ readonly server: Serving; readonly running: Response }> {
  const server = serving({ tiny: model }, {}, { parallel: 1, queue, keepAliveMs: 20 });
  const running = await server.ask(CHAT, asked);
  // The model may take longer to load than a stream waits.
  while (server.shelf.loaded[0]?.pool.running !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
  return { server, running };
}

const waiting = ({ shelf }: Serving): number => shelf.loaded[0]!.pool.waiting;

describe('a stream that waits for its turn', () => {
  it('has begun, and shows that the server is alive', async () => {
    const { server, running } = await busy();
    const response = await server.ask(CHAT, asked);
    expect([response.status, waiting(server)]).toEqual([200, 1]);
    const [own, seen] = response.body!.tee();
    const first = await seen.getReader().read();
    expect([new TextDecoder().decode(first.value), waiting(server)]).toEqual([': keep-alive\n\n', 1]);
    const full = await server.ask(CHAT, asked);
    expect([full.status, (await jsonOf(full)).error.code]).toEqual([429, 'queue_full']);
    const contents = async (stream: Response) =>
      (await eventsOf(stream)).chunks.map(({ choices }) => choices[0].delta.content);
    const expected = await contents(running);
    expect(await contents(new Response(own))).toEqual(expected);
    expect(server.log.map(({ outcome }) => outcome)).toEqual(['failed', 'done', 'done']);
  });

  it('has its headers sent', async () => {
    const { server, running } = await busy();
    const bound = await listen(server.app, { host: '127.0.0.1', port: 0 });
    const port = Number(new URL(bound.url).port);
    const socket = connect(port, '127.0.0.1');
    socket.write(longChat(port, true));
    const [head] = await once(socket, 'data');
    expect([String(head).slice(0, 15), waiting(server)]).toEqual(['HTTP/1.1 200 OK', 1]);
    socket.destroy();
    while (waiting(server) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await running.text();
    bound.close();
    await bound.end();
  });

  it('hears of a refusal in an event', async () => {
    const { server, running } = await busy();
    const response = await server.ask(CHAT, {
      ...asked,
      messages: [{ role: 'user', content: 'a '.repeat(400) }],
    });
    expect(response.status).toBe(200);
    await running.text();
    const { chunks, done } = await eventsOf(response);
    expect([chunks.at(-1).error.code, done]).toEqual(['context_length_exceeded', false]);
    expect(server.log.at(-1)).toMatchObject({ status: 200, outcome: 'failed' });
  });

  it('leaves the queue with its client', async () => {
    const { server, running } = await busy();
    const response = await server.ask(CHAT, asked);
    await response.body!.cancel();
    while (server.log.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect([waiting(server), server.log[0]?.outcome]).toEqual([0, 'left']);
    await running.text();
    expect((await server.ask(CHAT, { ...asked, stream: false })).status).toBe(200);
    expect(server.workload.running).toBe(0);
  });
});

it('an answer that is not a stream waits without a word, and is refused by its status', async () => {
  const { server, running } = await busy();
  const content = 'a '.repeat(400);
  const refused = server.ask(CHAT, { ...asked, stream: false, messages: [{ role: 'user', content }] });
  while (waiting(server) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await running.text();
  expect((await refused).status).toBe(400);
});
