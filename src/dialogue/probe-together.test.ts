import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, CHAT, loadFixture } from '../../test/support/chat-fixtures.js';
import { watchSequences } from '../../test/support/watched-sequences.js';
import { type Model, meterModel, withForward } from '../engine/index.js';
import type { ChatOptions } from './chat-options.js';
import { openChat } from './open-chat.js';
import { probeTogether } from './probe-together.js';
import type { Turn } from './turn.js';

const PROBES = ['Who are you?', 'And now?', 'Who are you?', 'Hold?', 'What is in it?'].map((user, index) => ({
  user,
  seed: 40 + index,
}));

const HELD = { policy: 'split-softmax', strength: 0.3 } as const;
const SETTINGS: Record<string, ChatOptions> = {
  'no policy': {},
  'a schedule': { hold: true },
  'a cache without the policy': { ...HELD, cache: 'clean' },
  guidance: { guidance: 1.5 },
  'the schedule of each token': {
    policy: 'split-softmax',
    schedule: { kind: 'target', share: 0.3 },
  },
};

/** An executor that batches. */
let batching: Model;
beforeAll(async () => {
  batching = await loadFixture('gemma3', 'cpu', { precision: 'f32', batchInvariant: true });
});
afterAll(() => batching.dispose());

/** Everything of a turn but its times. */
const timeless = ({ timing: { promptTokens, reusedTokens }, ...turn }: Turn) => ({
  ...turn,
  timing: { promptTokens, reusedTokens },
});

describe.each(Object.keys(SETTINGS))('probes together, under %s', (name) => {
  it('are those that one after the other gives, with the same work', async () => {
    const results = [];
    for (const most of [1, 2, 16]) {
      const { model, meter } = meterModel(batching);
      const chat = openChat(model, { ...CHAT, ...SETTINGS[name] });
      await ask(chat, 'hello');
      await ask(chat, 'and the rope?');
      const probes = (await probeTogether(chat, PROBES, most)).map(timeless);
      const { turn } = await ask(chat, 'again');
      chat.dispose();
      results.push({ probes, work: { ...meter }, turn: timeless(turn) });
    }
    const [alone, ...others] = results;
    expect(alone!.probes.map(({ user }) => user)).toEqual(PROBES.map(({ user }) => user));
    for (const other of others) expect(other).toEqual(alone);
    const chat = openChat(batching, { ...CHAT, ...SETTINGS[name] });
    await ask(chat, 'hello');
    await ask(chat, 'and the rope?');
    for (const [at, { user, seed }] of PROBES.entries()) {
      expect(timeless((await chat.probe(user, { seed }))!)).toEqual(alone!.probes[at]);
    }
    chat.dispose();
  });
});

it('runs as many probes at once as it may, and frees its copies', async () => {
  let [running, most] = [0, 0];
  const counted = withForward(batching, async (requests, options) => {
    running++;
    most = Math.max(most, running);
    try {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return await batching.executor.forward(requests, options);
    } finally {
      running--;
    }
  });
  const { model, disposed } = watchSequences(counted);
  const chat = openChat(model, CHAT);
  await probeTogether(chat, PROBES, 3);
  expect(most).toBe(3);
  expect(disposed.map((dispose) => dispose.mock.calls.length)).toEqual([0, 1, 1]);
  most = 0;
  expect(await probeTogether(chat, [], 3)).toEqual([]);
  await probeTogether(chat, PROBES.slice(0, 1), 3);
  expect(most).toBe(1);
  chat.dispose();
});

it('fails as the first probe does that fails, leaves the dialogue as it was, and frees its copies', async () => {
  const { model, disposed } = watchSequences(batching);
  const chat = openChat(model, { ...CHAT, contextLength: 90 });
  await ask(chat, 'hello');
  const [tokens, turns] = [chat.session.tokens.join(), chat.turns.length];
  const long = { user: 'hold '.repeat(60), seed: 1 };
  const failing = [PROBES[0]!, PROBES[1]!, long, { ...long, user: `${long.user} fast` }];
  for (const most of [1, 4]) {
    await expect(probeTogether(chat, failing, most)).rejects.toMatchObject({ code: 'E_CONTEXT_FULL' });
    expect(chat.turns.length).toBe(turns);
    expect(tokens.startsWith(chat.session.tokens.join())).toBe(true);
  }
  expect(disposed.slice(1).every((dispose) => dispose.mock.calls.length === 1)).toBe(true);
  expect(disposed).toHaveLength(4);
  chat.dispose();
});

it('asks with fewer copies where there is no memory for more', async () => {
  const { model, disposed } = watchSequences(batching, 2);
  const [chat, alone] = [openChat(model, CHAT), openChat(batching, CHAT)];
  const ids = (turns: readonly Turn[]) => turns.map((turn) => turn.ids);
  expect(ids(await probeTogether(chat, PROBES, 4))).toEqual(ids(await probeTogether(alone, PROBES, 1)));
  expect(disposed).toHaveLength(2);
  for (const each of [chat, alone]) each.dispose();
});
