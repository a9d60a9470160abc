import { expect, it } from 'vitest';
import { eventStream } from './event-stream.js';

it('a stream sends comments while there is nothing to send, and then the event', async () => {
  let come = (): void => {};
  const event = new Promise<void>((resolve) => {
    come = resolve;
  });
  async function* events(): AsyncGenerator<string, void> {
    await event;
    yield 'late';
  }
  let ended = 0;
  const { body, headers } = eventStream(events(), {
    ...{ keepAliveMs: 1, stallMs: 60_000, signal: new AbortController().signal, abort: () => {} },
    ended: () => ended++,
  });
  expect(headers.get('content-type')).toMatch(/^text\/event-stream/);
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  const read = async (): Promise<string | undefined> => (await reader.read()).value;
  expect(await read()).toBe(': keep-alive\n\n');
  come();
  let next = await read();
  while (next === ': keep-alive\n\n') next = await read();
  expect(next).toBe('data: late\n\n');
  while (next !== undefined) next = await read();
  expect(ended).toBe(1);
});

it('a stream that nobody reads ends soon when nobody should wait for it', async () => {
  const stop = new AbortController();
  async function* events(): AsyncGenerator<string, void> {
    for (;;) yield 'more';
  }
  let aborted = 0;
  const ended = new Promise<void>((resolve) => {
    const { body } = eventStream(events(), {
      ...{
        keepAliveMs: 60_000,
        stallMs: 3600_000,
        signal: stop.signal,
        abort: () => aborted++,
        ended: resolve,
      },
    });
    void body!.getReader().read();
  });
  setTimeout(() => stop.abort(), 10);
  await ended;
  expect(aborted).toBe(1);
});
