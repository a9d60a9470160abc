import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { eventsOf, jsonOf, type Serving, serving } from '../../test/support/serving.js';
import type { Model } from '../engine/index.js';

let model: Model;
let plain: Serving;
beforeAll(async () => {
  model = await loadFixture('llama');
  plain = serving({ tiny: model });
});
afterAll(() => model.dispose());

describe('a completion', () => {
  const COMPLETE = '/v1/completions';
  const request = { prompt: 'hold the rope', temperature: 2, top_p: 1, seed: 3, max_tokens: 6 };

  it('continues texts and tokens, at once and as a stream', async () => {
    const body = await jsonOf(await plain.ask(COMPLETE, request));
    expect(body).toMatchObject({ object: 'text_completion', usage: { completion_tokens: 6 } });
    const ids = model.tokenizer!.encode('hold the rope', { special: true });
    const { bos, addsBos } = model.tokenizer!;
    const prompt = addsBos ? [bos!.id, ...ids] : ids;
    const byIds = await jsonOf(await plain.ask(COMPLETE, { ...request, prompt }));
    expect(byIds.choices).toEqual(body.choices);
    const twice = await jsonOf(
      await plain.ask(COMPLETE, { ...request, prompt: [prompt, prompt.slice(0, 2)] }),
    );
    expect(twice.choices).toHaveLength(2);
    expect(twice.choices[0]).toEqual(body.choices[0]);
    expect(twice.usage.prompt_tokens).toBe(prompt.length + 2);
    const { chunks, done } = await eventsOf(await plain.ask(COMPLETE, { ...request, stream: true }));
    expect(done).toBe(true);
    expect(chunks.map(({ choices }) => choices[0].text).join('')).toBe(body.choices[0].text);
    expect(chunks.at(-1).choices[0].finish_reason).toBe('length');
  });

  it('continues every prompt as often as asked, and reports log probabilities in the old form', async () => {
    const many = { ...request, prompt: ['hold the rope', 'fast'], n: 2, logprobs: 2 };
    const untouched = await jsonOf(await plain.ask(COMPLETE, many));
    // A stop string that may begin inside each token: the token comes later than its first characters.
    const ends = untouched.choices[0].logprobs.tokens
      .map((text: string) => `${text.at(-1)}\u0000`)
      .slice(0, 4);
    await expectSame({ ...many, stop: ends });
    await expectSame(many);
  });

  async function expectSame(many: object): Promise<void> {
    const body = await jsonOf(await plain.ask(COMPLETE, many));
    expect(body.choices).toHaveLength(4);
    const { tokens, token_logprobs: own, text_offset: offsets } = body.choices[0].logprobs;
    expect(own).toHaveLength(tokens.length);
    expect(offsets[0]).toBe(0);
    const { chunks } = await eventsOf(await plain.ask(COMPLETE, { ...many, stream: true }));
    const first = chunks.filter(({ choices: [{ index, logprobs }] }) => index === 0 && logprobs !== null);
    expect(first.flatMap(({ choices }) => choices[0].logprobs.text_offset)).toEqual(offsets);
    expect(first.flatMap(({ choices }) => choices[0].logprobs.tokens)).toEqual(tokens);
  }

  it('does not spoil the cache of a chat', async () => {
    const held = {
      policy: 'split-softmax',
      schedule: { kind: 'per-turn', from: 1, to: 0.2, step: 0.3 },
    } as const;
    const messages = [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: 'hello' },
    ];
    const [CHAT, chat] = ['/v1/chat/completions', { messages, seed: 5, temperature: 2, max_tokens: 8 }];
    const server = serving({ tiny: model }, held, { cacheMemory: 1 });
    const before = await jsonOf(await server.ask(CHAT, chat));
    await server.ask(COMPLETE, request);
    const after = await jsonOf(await server.ask(CHAT, chat));
    expect(after.choices).toEqual(before.choices);
  });
});
