import { expect, it } from 'vitest';
import { lineStream } from './line-stream.js';

it('lines that nobody reads are given up, and what sends them is told', async () => {
  const { signal } = new AbortController();
  let finish = (): void => {};
  const sent = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const left = new Promise<void>((resolve) => {
    const { body } = lineStream(
      async (send) => {
        send({ line: 1 });
        send({ line: 2 });
        await sent;
      },
      signal,
      resolve,
      20,
    );
    void body!.getReader().read();
  });
  await left;
  finish();
});

it('lines that are read are all sent, however long the sender takes between them', async () => {
  const { signal } = new AbortController();
  const { body } = lineStream(
    async (send) => {
      for (let line = 1; line <= 3; line++) {
        send({ line });
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    },
    signal,
    () => expect.unreachable(),
    20,
  );
  const text = await new Response(body).text();
  expect(text).toBe('{"line":1}\n{"line":2}\n{"line":3}\n');
});
