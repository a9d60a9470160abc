import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, CHAT, collect, loadFixture, SYSTEM } from '../../test/support/chat-fixtures.js';
import { watchSequences } from '../../test/support/watched-sequences.js';
import type { Model } from '../engine/index.js';
import { sha256 } from '../hash.js';
import type { Chat } from './chat.js';
import type { ChatOptions } from './chat-options.js';
import { loadDialogue, type SavedDialogue, saveDialogue } from './dialogue-file.js';
import { openChat } from './open-chat.js';
import { replayDialogue } from './replay.js';

let model: Model;
beforeAll(async () => {
  model = await loadFixture('llama');
});
afterAll(() => model.dispose());

const open = (options: ChatOptions = {}): Chat => openChat(model, { ...CHAT, ...options });

/** Writes JSON and reads it back. */
async function stored(chat: Chat): Promise<SavedDialogue> {
  return loadDialogue(JSON.parse(JSON.stringify(await saveDialogue(chat, '0.1.0')))).saved!;
}

describe('a saved dialogue', () => {
  it('of an older version may use the former name of a policy', async () => {
    const chat = open({ policy: 'sustain' });
    await ask(chat, 'one');
    await ask(chat, 'two');
    const text = JSON.stringify(await saveDialogue(chat, '0.1.0'));
    const older = text.replaceAll('"policy":"sustain"', '"policy":"hold"');
    expect(older).not.toBe(text);
    expect(loadDialogue(JSON.parse(older)).saved).toEqual(JSON.parse(text));
    expect(() => loadDialogue(JSON.parse(text.replace('sustain', 'sharpen')))).toThrow(
      /E_DIALOGUE: .*not a policy.*turns\.0\.policy/,
    );
  });

  it('records how it was made, and the text, tokens and settings of every turn', async () => {
    const chat = open({ hold: true, layers: [0, 2], target: { kind: 'message' } });
    const { turn } = await ask(chat, 'hello');
    const saved = await stored(chat);
    expect(saved).toMatchObject({
      format: 'holdfast-dialogue',
      version: 1,
      library: '0.1.0',
      model: {
        hash: await model.hash(),
        template: await sha256(chat.template),
        executor: 'reference',
        precision: 'f32',
      },
      messages: [
        { role: 'system', content: SYSTEM },
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: turn.assistant },
      ],
    });
    expect(saved.turns[0]).toMatchObject({
      policy: 'split-softmax',
      schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 },
      target: 'message',
      layers: [0, 2],
      heads: null,
      ids: turn.ids,
    });
    expect(saved.turns[0]!.sampling.seed).toBe(5);
  });

  it('is replayed token for token: schedules, changed settings, a retry, a new system prompt, a stopped answer', async () => {
    const chat = open({
      policy: 'split-softmax',
      schedule: { kind: 'per-token', from: 1, to: 0.3, rate: 0.4 },
    });
    await ask(chat, 'one');
    await ask(chat, 'two');
    await collect(chat.retry());
    chat.configure({ policy: 'sustain', target: { kind: 'content' } });
    await ask(chat, 'three');
    await ask(chat, 'four', { seed: 99 });
    for await (const _ of chat.answer('never answered')) break;
    chat.system = 'You are the loose end.';
    chat.configure({ policy: 'boost', strength: 5, heads: [1], sampling: { topK: 20 } });
    await ask(chat, 'five');
    const controller = new AbortController();
    let tokens = 0;
    for await (const _ of chat.answer('six', { signal: controller.signal }))
      if (++tokens === 4) controller.abort();
    chat.configure({ policy: 'split-softmax', schedule: { kind: 'target', share: 0.6 }, heads: undefined });
    await ask(chat, 'seven');
    chat.configure({ policy: 'floor', strength: 1, target: { kind: 'not', of: { kind: 'message' } } });
    await ask(chat, 'eight');
    chat.configure({
      pairs: [
        [0, 1],
        [2, 3],
      ],
    });
    await ask(chat, 'nine');
    chat.configure({ silence: [[1, 2]] });
    await ask(chat, 'ten');
    chat.configure({ guidance: 2 });
    await ask(chat, 'eleven');
    await collect(chat.retry());
    const cut = new AbortController();
    for await (const _ of chat.answer('twelve', { signal: cut.signal })) cut.abort();
    await chat.probe('on a branch');
    chat.configure({ guidance: 1 });
    await ask(chat, 'thirteen');
    chat.configure({ guidance: 1.5 });
    await ask(chat, 'fourteen');

    const replay = await replayDialogue(model, await stored(chat));
    expect(replay.difference).toBeNull();
    expect(replay.changes).toEqual([]);
    for (const [index, turn] of chat.turns.entries()) {
      const again = replay.chat.turns[index]!;
      expect({ ...again, timing: null }, `turn ${index + 1}`).toEqual({ ...turn, timing: null });
      expect(again.timing.reusedTokens).toBe(turn.timing.reusedTokens);
      expect(again.timing.guidance).toEqual(turn.timing.guidance);
    }
    expect(replay.chat.held).toEqual(chat.held);
  });

  it('is replayed where turns were dropped', async () => {
    const chat = open({ contextLength: 120, maxTokens: 20, onContextFull: 'drop-oldest' });
    for (const text of ['one', 'two', 'three', 'four']) await ask(chat, text);
    expect(chat.turns.flatMap(({ dropped }) => dropped).length).toBeGreaterThan(0);
    const replay = await replayDialogue(model, await stored(chat));
    expect(replay.difference).toBeNull();
    expect(replay.chat.turns.map(({ dropped }) => dropped)).toEqual(chat.turns.map(({ dropped }) => dropped));
  });

  it.each<['error' | 'drop-oldest', 'error' | 'drop-oldest']>([
    ['error', 'drop-oldest'],
    ['drop-oldest', 'error'],
  ])('is replayed where a chat went from %s to %s when the context was full', async (before, after) => {
    const chat = open({ contextLength: 120, maxTokens: 20, onContextFull: before });
    const say = () => ask(chat, 'one two three four five six');
    if (before === 'error') await say();
    else while (chat.turns.every(({ dropped }) => dropped.length === 0)) await say();
    chat.onContextFull = after;
    if (after === 'drop-oldest') while (chat.turns.every(({ dropped }) => dropped.length === 0)) await say();
    const counts: number[] = [];
    const replay = await replayDialogue(model, await stored(chat), {
      onAnswer: (count) => counts.push(count),
    });
    expect(replay.difference).toBeNull();
    expect(replay.chat.onContextFull).toBe(after);
    expect(counts).toEqual(chat.turns.map((_, index) => index + 1));
  });

  it('is replayed after given messages', async () => {
    const chat = open({
      hold: true,
      history: [
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: 'Hold the rope.' },
      ],
    });
    for (const text of ['one', 'two']) await ask(chat, text);
    const saved = await stored(chat);
    expect(saved.given).toBe(1);
    const replay = await replayDialogue(model, saved);
    expect(replay.difference).toBeNull();
    expect(replay.chat.turns.map(({ strength }) => strength)).toEqual(
      chat.turns.map(({ strength }) => strength),
    );
    saved.turns[1]!.ids[0] = 499;
    expect((await replayDialogue(model, saved)).difference).toMatchObject({ turn: 3, index: 0 });
  });

  it('is replayed on the cpu executor', async () => {
    const cpu = await loadFixture('llama', 'cpu');
    const chat = openChat(cpu, { ...CHAT, policy: 'split-softmax', strength: 0.5 });
    for (const text of ['one', 'two']) await ask(chat, text);
    const replay = await replayDialogue(cpu, await stored(chat));
    expect(replay.difference).toBeNull();
    const elsewhere = await replayDialogue(model, await stored(chat));
    expect(elsewhere.changes.join()).toMatch(/executor: cpu then, reference now/);
    await cpu.dispose();
  });

  it('says where a replay differs from it, and what has changed', async () => {
    const chat = open();
    for (const text of ['one', 'two', 'three']) await ask(chat, text);
    const saved = await stored(chat);
    saved.turns[1]!.ids[3] = 499;
    saved.model.hash = 'another';
    const replay = await replayDialogue(model, saved);
    expect(replay.difference).toMatchObject({ turn: 2, index: 3, saved: 499 });
    expect(replay.changes).toEqual([`weights: another then, ${await model.hash()} now`]);
    expect(replay.chat.turns.length).toBe(2);
  });

  it('is refused if an answer was edited: nothing tells whether its text or its tokens are meant', async () => {
    const chat = open({
      history: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    });
    for (const text of ['one', 'two']) await ask(chat, text);
    const saved = await stored(chat);
    const at = saved.messages.length - 3;
    saved.messages[at]!.content += ' Arr!';
    await expect(replayDialogue(model, saved)).rejects.toThrow(
      new RegExp(
        `E_DIALOGUE: the text of answer 2 is not that of its tokens \\(field messages\\.${at}\\.content`,
      ),
    );
  });

  it.each<[string, ChatOptions, (chat: Chat) => void]>([
    ['a base seed of its own', { sampling: { ...CHAT.sampling, seed: 42 } }, () => {}],
    [
      'settings changed after the last answer',
      { policy: 'split-softmax', strength: 0.5 },
      (chat) =>
        chat.configure({ policy: 'boost', strength: 6, layers: [1], maxTokens: 14, sampling: { seed: 7 } }),
    ],
    [
      'another system prompt after the last answer',
      { hold: true },
      (chat) => {
        chat.system = 'You are the loose end.';
      },
    ],
    [
      'no system prompt and no policy after the last answer',
      { hold: true },
      (chat) => {
        chat.configure({ policy: 'off' });
        chat.system = null;
      },
    ],
    [
      'the system prompt changed and put back, so that everything is computed again',
      { policy: 'boost', schedule: { kind: 'per-turn', from: 8, to: 1, step: 4 } },
      (chat) => {
        chat.system = 'You are the loose end.';
        chat.system = SYSTEM;
      },
    ],
    ['an answer taken back', { hold: true }, (chat) => void chat.undo()],
  ])('continues with the answer that the saved chat gives next: %s', async (_, options, then) => {
    const chat = open(options);
    for (const text of ['one', 'two']) await ask(chat, text);
    then(chat);
    const { chat: again, difference } = await replayDialogue(model, await stored(chat));
    expect(difference).toBeNull();
    expect(again.system).toBe(chat.system);
    expect(again.settings).toEqual(chat.settings);
    expect(again.session.tokens).toEqual(chat.session.tokens);
    for (const text of ['three', 'four']) {
      const { turn } = await ask(chat, text);
      const { turn: replayed } = await ask(again, text);
      expect({ ...replayed, timing: null }).toEqual({ ...turn, timing: null });
      expect(replayed.timing.reusedTokens).toBe(turn.timing.reusedTokens);
    }
  });

  it('continues from a difference with the saved settings', async () => {
    const chat = open();
    for (const text of ['one', 'two']) await ask(chat, text);
    chat.configure({ policy: 'boost', strength: 6 });
    const saved = await stored(chat);
    saved.turns[0]!.ids[3] = 499;
    const replay = await replayDialogue(model, saved);
    expect(replay.difference).toMatchObject({ turn: 1 });
    expect(replay.chat.settings).toEqual(chat.settings);
  });

  it('is replayed from a file without settings for the next answer', async () => {
    const chat = open({ hold: true });
    await ask(chat, 'one');
    const { next: _, ...older } = await stored(chat);
    const replay = await replayDialogue(model, loadDialogue(older).saved!);
    expect(replay.difference).toBeNull();
    expect(replay.chat.settings).toEqual(chat.settings);
  });

  it('is replayed from a file without the fields for single heads, silence and guidance', async () => {
    const chat = open({ hold: true, layers: [1] });
    for (const text of ['one', 'two']) await ask(chat, text);
    const { next, turns, ...saved } = await stored(chat);
    const older = turns.map(
      ({ pairs: _, silence: __, guidance: ___, guidanceReusedTokens: ____, ...turn }) => turn,
    );
    const { pairs: _, silence: __, guidance: ___, guidanceHeldTokens: ____, ...olderNext } = next!;
    const replay = await replayDialogue(
      model,
      loadDialogue({ ...saved, turns: older, next: olderNext }).saved!,
    );
    expect(replay.difference).toBeNull();
    expect(replay.chat.settings).toEqual(chat.settings);
  });

  it('stops replaying at the signal or at an answer that fails, and frees the cache', async () => {
    const chat = open();
    for (const text of ['one', 'two']) await ask(chat, text);
    const saved = await stored(chat);
    const watched = watchSequences(model);
    await expect(replayDialogue(watched.model, saved, { signal: AbortSignal.abort() })).rejects.toThrow(
      /E_ABORTED/,
    );
    saved.turns[1]!.maxTokens = 500;
    await expect(replayDialogue(watched.model, saved)).rejects.toThrow(/E_CONTEXT_FULL/);
    saved.turns[1]!.layers = [9];
    await expect(replayDialogue(watched.model, saved)).rejects.toThrow(/E_STRENGTH/);
    expect(watched.disposed.map((dispose) => dispose.mock.calls.length)).toEqual([1, 1, 1]);
  });

  it('is refused with the name of the invalid field', async () => {
    const chat = open();
    await ask(chat, 'one');
    const saved = await stored(chat);
    const turn = saved.turns[0]!;
    for (const [broken, field] of [
      [{ ...saved, version: 2 }, 'version'],
      [{ ...saved, turns: [{ ...turn, policy: 'pull' }] }, 'turns.0.policy'],
      [{ ...saved, turns: [{ ...turn, target: '9:3' }] }, 'turns.0.target'],
      [
        { ...saved, turns: [{ ...turn, policy: 'boost', schedule: { kind: 'target', share: 5 } }] },
        'turns.0.schedule',
      ],
      [
        { ...saved, turns: [{ ...turn, policy: 'boost', schedule: { kind: 'constant', strength: 0.5 } }] },
        'turns.0.schedule',
      ],
      [{ ...saved, turns: [{ ...turn, policy: 'boost', schedule: null }] }, 'turns.0.schedule'],
      [{ ...saved, turns: [{ ...turn, ids: [1, -2] }] }, 'turns.0.ids.1'],
      [{ ...saved, turns: [{ ...turn, ids: [] }] }, 'turns.0.ids'],
      [{ ...saved, turns: [{ ...turn, begun: turn.ids.length + 1 }] }, 'turns.0.begun'],
      [{ ...saved, turns: [{ ...turn, strengths: [0.5] }] }, 'turns.0.strengths'],
      [
        { ...saved, turns: [{ ...turn, sampling: { ...turn.sampling, seed: 'x' } }] },
        'turns.0.sampling.seed',
      ],
      [{ ...saved, turns: [] }, 'messages'],
      [{ ...saved, next: { ...saved.next, stop: 'END' } }, 'next.stop'],
      [{ ...saved, messages: [...saved.messages].reverse() }, 'messages'],
      [{ messages: [{ role: 'user' }] }, 'messages.0.content'],
      [[{ role: 'tool', content: '' }], '0.role'],
      [{}, 'messages'],
    ] as const) {
      expect(() => loadDialogue(broken)).toThrow(
        new RegExp(`E_DIALOGUE.*\\(field ${field.replaceAll('.', '\\.')}\\)`),
      );
    }
    for (const nothing of [null, 'text', 3]) expect(() => loadDialogue(nothing)).toThrow(/E_DIALOGUE/);
  });
});

describe('plain messages', () => {
  it('are read as an object or an array', () => {
    const messages = [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: 'hello' },
    ] as const;
    expect(loadDialogue({ messages, model: 'any' })).toEqual({ messages, saved: null });
    expect(loadDialogue(messages)).toEqual({ messages, saved: null });
  });
});

describe('the hash of a text', () => {
  it('is SHA-256', async () => {
    expect(await sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
