import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, CHAT, collect, loadFixture } from '../../test/support/chat-fixtures.js';
import { watchSequences } from '../../test/support/watched-sequences.js';
import type { Model } from '../engine/index.js';
import { openComparison } from './compare.js';
import { openChat } from './open-chat.js';

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

const POLICY = { policy: 'split-softmax', strength: 0.3 } as const;

describe('a comparison', () => {
  it('gives the answers of two separate chats with the same seed, off first, each on its own history', async () => {
    const comparison = openComparison(model, { ...CHAT, ...POLICY });
    const off = openChat(model, CHAT);
    const on = openChat(model, { ...CHAT, ...POLICY });
    for (const text of ['hello', 'and the rope?']) {
      const { steps, end } = await collect(comparison.answer(text));
      const alone = [(await ask(off, text)).turn, (await ask(on, text)).turn];
      expect(end!.off.ids).toEqual(alone[0]!.ids);
      expect(end!.on.ids).toEqual(alone[1]!.ids);
      expect(steps.map(({ side }) => side)).toEqual([
        ...alone[0]!.ids.map(() => 'off'),
        ...alone[1]!.ids.map(() => 'on'),
      ]);
      expect(end!.on.settings.sampling.seed).toBe(end!.off.settings.sampling.seed);
    }
    expect(comparison.off.turns[1]!.ids).not.toEqual(comparison.on.turns[1]!.ids);
    comparison.dispose();
  });

  it('keeps the chats at the same length when one has no answer', async () => {
    const comparison = openComparison(model, { ...CHAT, ...POLICY });
    const controller = new AbortController();
    let seen = 0;
    for await (const _ of comparison.answer('hello', { signal: controller.signal })) {
      if (++seen === 10) controller.abort();
    }
    expect([comparison.off.turns.length, comparison.on.turns.length]).toEqual([0, 0]);
    for await (const { side } of comparison.answer('hello')) if (side === 'on') break;
    expect([comparison.off.turns.length, comparison.on.turns.length]).toEqual([0, 0]);

    const { maxTokens } = comparison.on.settings;
    comparison.on.configure({ maxTokens: 500 });
    await expect(collect(comparison.answer('hello'))).rejects.toThrow(/E_CONTEXT_FULL/);
    expect([comparison.off.turns.length, comparison.on.turns.length]).toEqual([0, 0]);
    comparison.on.configure({ maxTokens });
    expect((await collect(comparison.answer('hello'))).end!.on.number).toBe(1);
  });

  it('ends an answer with E_DISPOSED when it is disposed of during the answer', async () => {
    const comparison = openComparison(model, { ...CHAT, ...POLICY });
    const answer = async (): Promise<void> => {
      for await (const { side } of comparison.answer('hello')) if (side === 'on') comparison.dispose();
    };
    await expect(answer()).rejects.toMatchObject({ code: 'E_DISPOSED' });
    expect([comparison.off.turns.length, comparison.on.turns.length]).toEqual([0, 0]);
  });

  it('disposes of one chat when the other cannot be opened', () => {
    const watched = watchSequences(model, 1);
    expect(() => openComparison(watched.model, { ...CHAT, ...POLICY })).toThrow('no memory');
    expect(watched.disposed.map((dispose) => dispose.mock.calls.length)).toEqual([1]);
  });

  it('needs a policy', () => {
    expect(() => openComparison(model, CHAT)).toThrow(/E_POLICY/);
  });
});
