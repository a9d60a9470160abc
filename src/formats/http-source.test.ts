import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { httpSource } from './http-source.js';

const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
let server: Server | undefined;

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((ready) => server!.listen(0, '127.0.0.1', ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/model`;
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server of ranges that can be made to send other bytes, or another range, than requested. */
const ranges =
  (
    file: Uint8Array,
    change: { body?: (part: Uint8Array) => Uint8Array; shift?: number } = {},
  ): RequestListener =>
  (request, response) => {
    const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const [start, last] = [Number(match?.[1]), Number(match?.[2])];
    if (start >= file.length)
      return response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    const shift = start === 0 ? 0 : (change.shift ?? 0);
    response.writeHead(206, { 'content-range': `bytes ${start + shift}-${last + shift}/${file.length}` });
    const part = file.slice(start, last + 1);
    response.end(start === 0 ? part : (change.body?.(part) ?? part));
  };

describe('httpSource', () => {
  it('knows the size and reads any range', async () => {
    const url = await serve(ranges(content));
    const source = await httpSource(url);
    expect([source.name, source.size]).toEqual([url, 1000]);
    expect(await source.read(10, 20)).toEqual(content.slice(10, 30));
    expect(await source.read(0, 1000)).toEqual(content);
    expect(await source.read(1000, 0)).toEqual(new Uint8Array(0));
  });

  it('knows that an empty file is empty', async () => {
    expect((await httpSource(await serve(ranges(new Uint8Array(0))))).size).toBe(0);
  });

  it('requests the size by HEAD if Content-Range is hidden', async () => {
    const url = await serve((request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { 'content-length': 1000 }).end();
      else response.writeHead(206).end(content.slice(0, 1));
    });
    expect((await httpSource(url)).size).toBe(1000);
  });

  it('refuses a server that ignores ranges', async () => {
    const url = await serve((_, response) => response.end(content));
    await expect(httpSource(url)).rejects.toMatchObject({
      code: 'E_UNREADABLE',
      message: expect.stringContaining('ignores range requests'),
    });
  });

  it('distinguishes a missing file, a failing server and an unreachable one', async () => {
    const missing = await serve((_, response) => response.writeHead(404).end());
    await expect(httpSource(missing)).rejects.toMatchObject({ code: 'E_NOT_FOUND', file: missing });
    server?.close();
    const failing = await serve((_, response) => response.writeHead(503).end());
    await expect(httpSource(failing)).rejects.toThrow('the server answered 503');
    const absent = () => Promise.reject(new TypeError('fetch failed'));
    await expect(httpSource('http://absent/', absent)).rejects.toThrow('could not be reached');
  });

  it.each([
    [
      'more bytes than requested',
      { body: (part: Uint8Array) => content.slice(0, part.length + 1) },
      'received more',
    ],
    [
      'fewer bytes than requested',
      { body: (part: Uint8Array) => part.slice(1) },
      'requested 20 bytes, received 19',
    ],
    ['another range than requested', { shift: 1 }, 'requested bytes from 10 of 1000'],
  ])('refuses %s', async (_, change, message) => {
    const source = await httpSource(await serve(ranges(content, change)));
    await expect(source.read(10, 20)).rejects.toMatchObject({
      code: 'E_UNREADABLE',
      message: expect.stringContaining(message),
    });
  });
});
