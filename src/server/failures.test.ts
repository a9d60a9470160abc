import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { eventsOf, serving } from '../../test/support/serving.js';
import type { Model } from '../engine/index.js';
import { HoldfastError } from '../errors.js';

const CHAT = '/v1/chat/completions';
const messages = [
  { role: 'system', content: SYSTEM },
  { role: 'user', content: 'hello' },
];
const asked = { messages, max_tokens: 2, seed: 1 };

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

describe('an error of the server', () => {
  const broken = (error: Error): Model => ({
    ...model,
    tokenizer: model.tokenizer,
    format: model.format,
    executor: {
      ...model.executor,
      blueprint: model.executor.blueprint,
      open: (length) => model.executor.open(length),
      forward: () => Promise.reject(error),
      dispose: async () => {},
    },
  });

  it('is told without its reason, which is in the log, and clients are told not to try again', async () => {
    const secret = new HoldfastError('E_UNREADABLE', 'it cannot be read', { file: '/home/anna/model.gguf' });
    for (const error of [secret, new Error('stack of /home/anna')]) {
      const failing = serving({ tiny: broken(error) });
      const response = await failing.ask(CHAT, asked);
      expect(response.status).toBe(500);
      expect(response.headers.get('x-should-retry')).toBe('false');
      const text = await response.text();
      expect(text).toContain('internal_error');
      expect(text).not.toContain('anna');
      expect(failing.log.at(-1)).toMatchObject({ status: 500, error });
      // The place in the queue and the cache are free again.
      for (let time = 0; time < 6; time++) expect((await failing.ask(CHAT, asked)).status).toBe(500);
      expect(failing.workload.running).toBe(0);
    }
  });

  it('inside a stream is an event that clients read, without a mark of the end', async () => {
    const failing = serving({ tiny: broken(new Error('stack of /home/anna')) });
    const response = await failing.ask(CHAT, { ...asked, stream: true });
    expect(response.status).toBe(200);
    const { chunks, done } = await eventsOf(response);
    expect(done).toBe(false);
    expect(chunks.at(-1).error).toMatchObject({ type: 'server_error', code: 'internal_error' });
    expect(JSON.stringify(chunks)).not.toContain('anna');
    expect(failing.log.at(-1)).toMatchObject({ status: 200, outcome: 'failed', error: expect.any(Error) });
    expect(await (await failing.ask('/metrics')).text()).toContain(
      `holdfast_requests_total{route="${CHAT}",status="200",outcome="failed"} 1\n`,
    );
  });
});

describe('the log', () => {
  it('has no contents unless it is asked to', async () => {
    for (const logContents of [false, true]) {
      const logged = serving({ tiny: model }, {}, { logContents });
      await logged.ask(CHAT, asked);
      await (await logged.ask(CHAT, { ...asked, stream: true })).text();
      expect(logged.log).toHaveLength(2);
      expect(logged.log[1]).toMatchObject({
        status: 200,
        outcome: 'done',
        path: CHAT,
        tokens: { answer: 2 },
        error: null,
      });
      expect(JSON.stringify(logged.log).includes('hello')).toBe(logContents);
    }
  });
});
