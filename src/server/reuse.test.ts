import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { jsonOf, type Serving, serving } from '../../test/support/serving.js';
import { cacheBytes } from '../concurrency.js';
import type { Model } from '../engine/index.js';

const CHAT = '/v1/chat/completions';
const system = { role: 'system', content: SYSTEM };

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

/** A conversation that ends with a question. */
const turns = (...questions: readonly string[]) =>
  questions.flatMap((content, index) => [
    { role: 'user', content },
    ...(index === questions.length - 1 ? [] : [{ role: 'assistant', content: `the rope ${index}` }]),
  ]);

/** Answers a dialogue, and returns the answer and the counts of its prompt. */
async function ask(server: Serving, ...messages: readonly object[]) {
  const body = await jsonOf(
    await server.ask(CHAT, { messages, temperature: 2, top_p: 1, seed: 5, max_tokens: 8 }),
  );
  const { prompt_tokens: prompt, prompt_tokens_details: details } = body.usage;
  return {
    text: body.choices[0].message.content,
    prompt: prompt as number,
    cached: details.cached_tokens as number,
  };
}

/** A server with memory for so many caches. */
const withCaches = (caches: number, settings: Parameters<typeof serving>[1] = {}): Serving =>
  serving({ tiny: model }, settings, { cacheMemory: caches * cacheBytes(model.executor.blueprint, 256) });

describe('while there is memory for more caches', () => {
  it.each([1, 2, 3, 4])('a conversation keeps its beginning when turn %i of 5 was edited', async (turn) => {
    const questions = ['one', 'two', 'three', 'four', 'five'];
    const server = withCaches(8);
    await ask(server, system, ...turns(...questions));
    const edited = questions.slice(0, turn + 1).with(turn, 'and now?');
    const before = await ask(withCaches(8), system, ...turns(...questions.slice(0, turn)));
    const answer = await ask(server, system, ...turns(...edited));
    expect(answer.cached).toBeGreaterThan(before.prompt - 8);
    expect(answer.cached).toBeLessThan(answer.prompt);
    const fresh = await ask(withCaches(8), system, ...turns(...edited));
    expect([fresh.cached, answer.text]).toEqual([0, fresh.text]);
  });

  it.each([
    { kind: 'constant', strength: 0.5 } as const,
    { kind: 'per-turn', from: 1, to: 0.2, step: 0.3 } as const,
  ])('an edited turn gets the answer of a new conversation under %j', async (schedule) => {
    const held = { policy: 'split-softmax', schedule } as const;
    const server = withCaches(8, held);
    await ask(server, system, ...turns('one', 'two', 'three', 'four'));
    const edited = await ask(server, system, ...turns('one', 'two', 'and now?'));
    expect(edited.cached).toBeGreaterThan(0);
    expect(edited.text).toBe(
      (await ask(withCaches(8, held), system, ...turns('one', 'two', 'and now?'))).text,
    );
  });

  it('conversations that begin alike do not take the caches of each other', async () => {
    const server = withCaches(8);
    const rest = ['three', 'four', 'five'];
    const dialogues = ['left', 'right'].map((own) => [system, ...turns('one', own, ...rest)]);
    for (const dialogue of dialogues) await ask(server, ...dialogue);
    await ask(server, system, ...turns('another'));
    for (const dialogue of dialogues) {
      const answer = await ask(server, ...dialogue, { role: 'assistant', content: 'fast' }, ...turns('six'));
      expect(answer.cached).toBeGreaterThan((2 / 3) * answer.prompt);
    }
  });
});

describe('without memory for another cache', () => {
  it('a conversation takes the one with most of its beginning, not the one used longest ago', async () => {
    const server = withCaches(2);
    const brief = { role: 'system', content: 'rope' };
    await ask(server, brief, ...turns('one'));
    await ask(server, system, ...turns('one', 'two', 'three', 'four', 'five'));
    expect((await ask(server, system, ...turns('another'))).cached).toBeGreaterThan(0);
    const { cached, prompt } = await ask(server, brief, ...turns('one'));
    expect(cached).toBe(prompt - 1);
  });

  it('of those with the same beginning, it takes the one used longest ago', async () => {
    const server = withCaches(2);
    const many = ['two', 'three', 'four', 'five'];
    const brief = { role: 'system', content: 'rope' };
    await ask(server, brief, ...turns('one', ...many));
    await ask(server, brief, ...turns('other', ...many));
    await ask(server, brief, ...turns('another'));
    const { cached, prompt } = await ask(server, brief, ...turns('other', ...many));
    expect(cached).toBe(prompt - 1);
  });
});
