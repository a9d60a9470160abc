import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, CHAT, loadFixture } from '../../test/support/chat-fixtures.js';
import type { Model } from '../engine/index.js';
import type { Chat } from './chat.js';
import type { ChatOptions } from './chat-options.js';
import { loadDialogue, saveDialogue } from './dialogue-file.js';
import { openChat } from './open-chat.js';
import { replayDialogue } from './replay.js';

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

const open = (options: ChatOptions = {}): Chat => openChat(model, { ...CHAT, ...options });

describe('an answer that begins with given tokens', () => {
  it('continues as it did when these are its own, with the same shares and probabilities', async () => {
    const chat = open({ policy: 'split-softmax', strength: 0.5 });
    const free = await ask(chat, 'hello');
    chat.undo();
    const begun = await ask(chat, 'hello', { begin: free.turn.ids.slice(0, 4) });
    expect(begun.turn.ids).toEqual(free.turn.ids);
    expect(begun.turn.assistant).toBe(free.turn.assistant);
    expect(begun.steps.map(({ text }) => text)).toEqual(free.steps.map(({ text }) => text));
    expect(begun.steps.map(({ shares }) => shares.target)).toEqual(
      free.steps.map(({ shares }) => shares.target),
    );
    begun.steps.forEach(({ logProbability }, index) => {
      expect(logProbability).toBeCloseTo(free.steps[index]!.logProbability, 5);
    });
    expect([free.turn.begun, begun.turn.begun]).toEqual([0, 4]);
  });

  it('takes another token in the place of a sampled one, and reports its probability', async () => {
    const greedy = { temperature: 0, topLogProbabilities: 3 };
    const chat = open({ sampling: greedy });
    const { turn, steps } = await ask(chat, 'hello');
    const other = steps[2]!.topLogProbabilities[1]!;
    chat.undo();
    const branch = await ask(chat, 'hello', { begin: [...turn.ids.slice(0, 2), other.id] });
    expect(branch.turn.ids.slice(0, 3)).toEqual([...turn.ids.slice(0, 2), other.id]);
    expect(branch.steps[2]!.logProbability).toBeCloseTo(other.logProbability, 5);
  });

  it('refuses tokens that the model does not have', async () => {
    await expect(ask(open(), 'hello', { begin: [3, 1e6] })).rejects.toThrow(/E_TOKEN_RANGE.*index 1/);
  });
});

describe('a strength that is set while an answer is generated', () => {
  const held = { policy: 'split-softmax', strength: 1 } as const;

  it('acts on the next token, and is what the turn records', async () => {
    const chat = open(held);
    const { turn, steps } = await ask(chat, 'hello', { strength: (at) => (at < 3 ? 1 : 0.2) });
    const moved = steps.map(({ shares: { target } }) => target!.after - target!.before);
    expect(moved.slice(0, 3)).toEqual([0, 0, 0]);
    for (const difference of moved.slice(3)) expect(difference).toBeGreaterThan(0);
    expect(turn.strengths).toEqual(steps.map((_, at) => (at < 3 ? 1 : 0.2)));
    expect(turn.notice).toBeNull();
    expect((await ask(chat, 'again')).turn.strengths).toBeNull();
  });

  it('is replayed from a saved dialogue, as is an answer that began with given tokens', async () => {
    const chat = open(held);
    await ask(chat, 'hello', { strength: (at) => 1 - at / 10 });
    await ask(chat, 'again', { begin: [7, 8], strength: () => 0.4 });
    const saved = loadDialogue(JSON.parse(JSON.stringify(await saveDialogue(chat, '0.1.0')))).saved!;
    expect((await replayDialogue(model, saved)).difference).toBeNull();
    const plain = { ...saved, turns: saved.turns.map((turn) => ({ ...turn, strengths: null, begun: 0 })) };
    expect((await replayDialogue(model, plain)).difference).not.toBeNull();
  });

  it('is refused out of range, and under a policy that takes none', async () => {
    await expect(ask(open(held), 'hello', { strength: () => 2 })).rejects.toThrow(/E_STRENGTH.*from 0 to 1/);
    await expect(ask(open({ policy: 'sustain' }), 'hello', { strength: () => 1 })).rejects.toThrow(
      /E_STRENGTH: the policy sustain takes no strength/,
    );
  });
});
