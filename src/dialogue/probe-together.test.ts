import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ask, CHAT, loadFixture } from '../../test/support/chat-fixtures.js';
import { watchSequences } from '../../test/support/watched-sequences.js';
import { type Model, meterModel, Session, withForward } from '../engine/index.js';
import { HoldfastError } from '../errors.js';
import type { Sequence } from '../executors/index.js';
import { compileTemplate } from '../text/index.js';
import type { ChatOptions } from './chat-options.js';
import { openChat } from './open-chat.js';
import { NO_PLACES, Places } from './places.js';
import { type ProbeQuestion, probeTogether } from './probe-together.js';
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

const idsOf = (turns: readonly Turn[]) => turns.map(({ ids }) => ids);

/** Places for a dialogue and so many copies of it. */
const placesFor = (copies: number): Places => {
  const places = new Places(1 + copies);
  places.enter();
  return places;
};

/** Words follow each other without anything between, so that the first ones of a question may be one token with the last before. */
const closeUp = (model: Model): Model => ({
  ...model,
  executor: model.executor,
  format: {
    ...model.format!,
    template: compileTemplate('{% for m in messages %}{{ m.content }}{% endfor %}'),
  },
});

describe.each([
  ['its own template', (model: Model) => model],
  ['a template without borders', closeUp],
])('probes together, with %s', (_, withTemplate) => {
  it.each(Object.keys(SETTINGS))(
    'have the turns and the work of one after the other, under %s',
    async (name) => {
      const results = [];
      for (const copies of [0, 1, 15]) {
        const { model, meter } = meterModel(withTemplate(batching));
        const chat = openChat(model, { ...CHAT, ...SETTINGS[name] });
        await ask(chat, 'hello');
        await ask(chat, 'and the rope?');
        const forks = vi.spyOn(Session.prototype, 'fork');
        const probes = (await probeTogether(chat, PROBES, placesFor(copies))).map(timeless);
        expect(forks.mock.calls.length > 0).toBe(copies > 0);
        forks.mockRestore();
        const { turn } = await ask(chat, 'again');
        chat.dispose();
        results.push({ probes, work: { ...meter }, turn: timeless(turn) });
      }
      const [alone, ...others] = results;
      for (const other of others) expect(other).toEqual(alone);
      const chat = openChat(withTemplate(batching), { ...CHAT, ...SETTINGS[name] });
      await ask(chat, 'hello');
      await ask(chat, 'and the rope?');
      for (const [at, { user, seed }] of PROBES.entries()) {
        const { ids, receipt } = (await chat.probe(user, { seed }))!;
        expect({ ids, receipt }).toEqual({
          ids: alone!.probes[at]!.ids,
          receipt: alone!.probes[at]!.receipt,
        });
      }
      chat.dispose();
    },
  );
});

it('reuses the same of the cache for every probe, in every order', async () => {
  const model = closeUp(batching);
  const reused = async (probes: readonly ProbeQuestion[]) => {
    const chat = openChat(model, { ...CHAT, onContextFull: 'drop-oldest', contextLength: 100 });
    for (const text of ['hello', 'and the rope?', 'again']) await ask(chat, text);
    const turns = await probeTogether(chat, probes, NO_PLACES);
    chat.dispose();
    return new Set(turns.map(({ timing }) => timing.reusedTokens));
  };
  const [forward, backward] = [await reused(PROBES), await reused(PROBES.toReversed())];
  expect(forward.size).toBe(1);
  expect(backward).toEqual(forward);
});

it('runs as many probes at once as there are places, and frees copies and places', async () => {
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
  const places = placesFor(2);
  await probeTogether(chat, PROBES, places);
  expect(most).toBe(3);
  expect(disposed.map((dispose) => dispose.mock.calls.length)).toEqual([0, 1, 1]);
  expect([places.take(), places.take(), places.take()]).toEqual([true, true, false]);
  for (let copy = 0; copy < 2; copy++) places.leave();
  most = 0;
  expect(await probeTogether(chat, [], places)).toEqual([]);
  await probeTogether(chat, PROBES.slice(0, 1), places);
  expect(most).toBe(1);
  chat.dispose();
});

it('gives places to dialogues that come', async () => {
  const probes = [...PROBES, ...PROBES.map(({ user, seed }) => ({ user, seed: seed + 50 }))];
  const places = placesFor(2);
  /** Probes by sequence: a pass of several tokens begins one. */
  const asked = new Map<Sequence, number>();
  const model = withForward(batching, (requests, options) => {
    for (const { sequence, tokens } of requests) {
      // A dialogue comes when the chat and both copies have begun.
      if (asked.size === 2 && !asked.has(sequence)) places.enter();
      asked.set(sequence, (asked.get(sequence) ?? 0) + (tokens.length > 1 ? 1 : 0));
    }
    return batching.executor.forward(requests, options);
  });
  const [chat, alone] = [openChat(model, CHAT), openChat(batching, CHAT)];
  const turns = await probeTogether(chat, probes, places);
  expect(idsOf(turns)).toEqual(idsOf(await probeTogether(alone, probes, NO_PLACES)));
  // A copy ended after its first probe. Without the dialogue, each would have asked three or four.
  const counts = [...asked.values()];
  expect(counts).toHaveLength(3);
  expect(Math.min(...counts)).toBe(1);
  expect(counts.reduce((sum, count) => sum + count)).toBe(probes.length);
  expect([places.take(), places.take()]).toEqual([true, false]);
  for (const each of [chat, alone]) each.dispose();
});

it('leaves the dialogue as it was if a probe does not fit, and asks none', async () => {
  const { model, disposed } = watchSequences(batching);
  const chat = openChat(model, { ...CHAT, contextLength: 90 });
  await ask(chat, 'hello');
  const [tokens, turns] = [chat.session.tokens.join(), chat.turns.length];
  const failing = [PROBES[0]!, PROBES[1]!, { user: 'hold '.repeat(60), seed: 1 }];
  for (const places of [NO_PLACES, placesFor(3)]) {
    await expect(probeTogether(chat, failing, places)).rejects.toMatchObject({ code: 'E_CONTEXT_FULL' });
    expect(chat.turns.length).toBe(turns);
    expect(tokens.startsWith(chat.session.tokens.join())).toBe(true);
  }
  expect(disposed).toHaveLength(1);
  chat.dispose();
});

it('asks with fewer copies where there is no memory for more, and again what failed on a copy', async () => {
  const alone = idsOf(await probeTogether(openChat(batching, CHAT), PROBES, NO_PLACES));
  const { model, disposed } = watchSequences(batching, 2);
  const chat = openChat(model, CHAT);
  expect(idsOf(await probeTogether(chat, PROBES, placesFor(4)))).toEqual(alone);
  expect(disposed).toHaveLength(2);
  chat.dispose();
  let first: unknown = null;
  const poor = openChat(
    withForward(batching, async (requests, options) => {
      first ??= requests[0]!.sequence;
      if (requests[0]!.sequence !== first) throw new HoldfastError('E_EXECUTOR', 'no memory');
      return batching.executor.forward(requests, options);
    }),
    CHAT,
  );
  expect(idsOf(await probeTogether(poor, PROBES, placesFor(4)))).toEqual(alone);
  poor.dispose();
});

it('fails with the error of the first probe that fails, and frees its copies', async () => {
  let left = 12;
  const { model, disposed } = watchSequences(
    withForward(batching, async (requests, options) => {
      if (--left < 0) throw new Error(`failed after ${requests[0]!.sequence.length} tokens`);
      return batching.executor.forward(requests, options);
    }),
  );
  const chat = openChat(model, CHAT);
  const places = placesFor(2);
  await expect(probeTogether(chat, PROBES, places)).rejects.toThrow('failed after');
  expect(chat.turns).toEqual([]);
  expect(disposed.slice(1).map((dispose) => dispose.mock.calls.length)).toEqual([1, 1]);
  expect([places.take(), places.take(), places.take()]).toEqual([true, true, false]);
  chat.dispose();
});
