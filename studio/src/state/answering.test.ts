import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Model } from '../../../src/engine/index.js';
import { modelWith } from '../../../src/engine/index.js';
import { createHost, type Host, type PastTurn, type Steer } from '../../../src/studio/index.js';
import type { Column, ModelCard } from '../../../src/studio/protocol.js';
import { loadFixture } from '../../../test/support/chat-fixtures.js';
import type { hostEngine } from '../../../test/support/host-engine.js';
import { announcement } from './announce.js';
import { turnOf } from './answer.js';
import { answerMissing, continueFrom, isAnswering, queue, reset, retry, send, stop } from './answering.js';
import { currentModel, isForeign } from './current-model.js';
import { pastOf, rounds, system } from './dialogue.js';
import { draft } from './draft.js';
import { model } from './engine.js';
import { actsNow } from './live-strength.js';
import { message } from './message.js';
import { draw, steer } from './settings.js';

const engine = vi.hoisted(() => ({ current: null as ReturnType<typeof hostEngine> | null }));
vi.mock('./engine.js', async () => {
  const { signal } = await import('@preact/signals');
  const { hostEngine } = await import('../../../test/support/host-engine.js');
  engine.current = hostEngine();
  return { engine: engine.current, model: signal({ kind: 'loading', name: '', progress: '' }) };
});

const HELD: Steer = {
  ...{ policy: 'split-softmax', target: 'message', pairs: null },
  schedule: { kind: 'constant', strength: 0.6 },
};
/** Loaded models, by the names of this test. Their shapes differ. */
const loaded: Record<'tiny' | 'gemma', Model> = {} as never;
let host: Host;
beforeAll(async () => {
  loaded.tiny = await loadFixture('llama');
  loaded.gemma = await loadFixture('gemma3');
});
afterAll(() => Promise.all(Object.values(loaded).map((one) => one.dispose())));

/** Loads a model as the page does. */
async function use(name: keyof typeof loaded): Promise<ModelCard> {
  const card = await host.run('load', { name, executor: null }, () => {}, new AbortController().signal);
  model.value = { kind: 'ready', card };
  return card;
}

beforeEach(async () => {
  host = createHost(
    {
      models: async () => [],
      executors: async () => [],
      load: async ({ name }) => ({
        model: modelWith(loaded[name as 'tiny'], { name, dispose: async () => {} }),
        notes: [],
      }),
    },
    '0.1.0',
  );
  engine.current!.host = host;
  engine.current!.calls.length = 0;
  steer.value = HELD;
  draw.value = { temperature: 8, topP: 1, seed: 5, maxTokens: 8 };
  system.value = 'You are the keeper of the rope.';
  message.value = null;
  currentModel.value = null;
  await use('tiny');
});
afterEach(async () => {
  reset();
  await host.dispose();
});

const held = (round: number) => rounds.value[round]!.answers.held.value!;
/** Calls a function when the held answer of a round has this many tokens. */
function atToken(count: number, act: () => void): void {
  const undo = rounds.subscribe((all) => {
    const shown = all.at(-1)?.answers.held;
    if (shown === undefined) return;
    const unsubscribe = shown.subscribe((answer) => {
      if (answer?.tokens.length !== count) return;
      queueMicrotask(unsubscribe);
      act();
    });
    queueMicrotask(() => undo());
  });
}

describe('a slider that moves while the model answers', () => {
  it('acts on the next token, as the page shows and the turn records', async () => {
    atToken(3, () => {
      expect(actsNow.value).toBe(true);
      steer.value = { ...HELD, schedule: { kind: 'constant', strength: 0.1 } };
    });
    await send(['hello']);
    expect(actsNow.value).toBe(false);
    const { tokens, end } = held(0);
    expect(tokens.map(({ strength }) => strength)).toEqual(tokens.map((_, at) => (at < 3 ? 0.6 : 0.1)));
    expect(end!.turn.strengths).toEqual(tokens.map(({ strength }) => strength));
    // The policy raises the share by more from then on.
    const raised = tokens.map(({ heads, before }) => sum(heads) / sum(before!));
    expect(Math.min(...raised.slice(3))).toBeGreaterThan(Math.max(...raised.slice(0, 3)));
  });

  it('acts on the answer also if it moves while earlier turns are read again', async () => {
    await send(['hello', 'and the rope?']);
    // A new host has no turns: it reads both again.
    await host.dispose();
    await use('tiny');
    const undo = rounds.subscribe((all) => {
      all.at(2)?.answers.held.subscribe((answer) => {
        if (answer?.status === 'reading') {
          steer.value = { ...HELD, schedule: { kind: 'constant', strength: 0.2 } };
        }
      });
    });
    await send(['once more']);
    undo();
    expect(held(2).tokens.map(({ strength }) => strength)).toEqual(held(2).tokens.map(() => 0.2));
  });

  it('tells an answer under another policy nothing: the strength is not one of it', async () => {
    atToken(3, () => {
      steer.value = { ...HELD, policy: 'boost', schedule: { kind: 'constant', strength: 20 } };
      expect(actsNow.value).toBe(false);
    });
    await send(['hello']);
    expect(held(0)).toMatchObject({ status: 'done', failure: null });
    expect(engine.current!.calls.map(({ name }) => name)).not.toContain('strength');
  });
});

describe('a model that changes under a dialogue', () => {
  it('gets the text of the answers before it, and they keep their measures and their model’s name', async () => {
    await send(['hello', 'and the rope?']);
    const before = [0, 1].map((round) => held(round));
    const { layers, heads } = await use('gemma');
    expect([0, 1].map((round) => held(round))).toEqual(before);
    expect(before.map((answer) => [answer.model!.name, isForeign(answer)])).toEqual([
      ['tiny', true],
      ['tiny', true],
    ]);
    await send(['Is soup healthy?']);
    expect(held(2)).toMatchObject({ status: 'done', failure: null, model: { name: 'gemma' } });
    expect(held(2).tokens[0]!.heads).toHaveLength(layers * heads);
    expect(held(0).tokens[0]!.heads).toHaveLength(12);
    const asked = engine.current!.calls.findLast(({ name }) => name === 'answer')!;
    const { past } = asked.takes as { past: PastTurn[] };
    expect(past.map(({ ids, assistant }) => [ids, assistant])).toEqual(
      before.map((answer) => [null, turnOf(answer)!.assistant]),
    );

    // Back in the first model, an answer of the second is between its own: all of them are text.
    await use('tiny');
    const again = pastOf('held', rounds.value, 3);
    expect(again.map(({ ids }) => ids)).toEqual([null, null, null]);
    expect(pastOf('held', rounds.value, 2).map(({ ids }) => ids)).toEqual(
      before.map((answer) => turnOf(answer)!.ids),
    );
    await send(['and now?']);
    expect(held(3)).toMatchObject({ status: 'done', failure: null, model: { name: 'tiny' } });
  });

  it('acts on all heads if those that were chosen are of a model of another shape, and the page says so', async () => {
    const chosen: Steer = { ...HELD, pairs: [[1, 0]] };
    steer.value = chosen;
    await use('tiny');
    expect([steer.value, message.value]).toEqual([chosen, null]);
    const { name } = await use('gemma');
    expect(steer.value).toEqual(HELD);
    expect(message.value).toMatchObject({ kind: 'note' });
    expect(message.value!.text).toMatch(/heads were those of tiny, .* all heads of gemma/);
    expect(currentModel.value!.name).toBe(name);
    await send(['Is soup healthy?']);
    expect(held(0)).toMatchObject({ status: 'done', failure: null });
  });
});

describe('what is announced', () => {
  /** What a screen reader says while something runs. */
  async function said(work: () => Promise<unknown>): Promise<string[]> {
    const words: string[] = [];
    const undo = announcement.subscribe((text) => words.push(text));
    words.length = 0;
    await work();
    await Promise.resolve();
    undo();
    return words.filter((text) => text !== '');
  }

  it('is the end of each answer, once: answered, stopped or failed', async () => {
    expect(await said(() => send(['hello', 'and now?']))).toEqual([
      'Turn 1 is answered.',
      'Turn 2 is answered.',
    ]);
    atToken(2, stop);
    expect(await said(() => send(['once more']))).toEqual(['Turn 3 was stopped.']);
    await host.dispose();
    expect(await said(() => send(['anybody?', 'never sent']))).toEqual([
      expect.stringMatching(/^Turn 4 failed: E_DISPOSED: no model is loaded/),
    ]);
    expect([queue.value, isAnswering.value, draft.value]).toEqual([[], false, 'never sent']);
  });

  it('is how the side ended that was asked, whatever is there of the other', async () => {
    await send(['hello']);
    const failed = (column: Column): void => {
      const { answers } = rounds.value[0]!;
      const failure = { code: 'E_SERVER', message: 'gone' };
      answers[column].value = { ...answers[column].value!, status: 'failed', failure };
    };
    failed('untouched');
    const [token] = held(0).tokens;
    expect(await said(() => continueFrom({ round: 0, column: 'held', token: 0 }, token!.id))).toEqual([
      'Turn 1 is answered.',
    ]);
    failed('held');
    rounds.value[0]!.answers.untouched.value = null;
    expect(await said(answerMissing)).toEqual(['Turn 1 is answered.']);
  });

  it('is a model that is ready', async () => {
    expect(await said(() => use('gemma'))).toEqual(['gemma is ready.']);
  });
});

it('a message that is sent while another is answered again is sent after that', async () => {
  await send(['hello']);
  const again = retry(0);
  await send(['and now?']);
  expect(queue.value).toEqual(['and now?']);
  await again;
  expect(rounds.value.map(({ user, answers }) => [user, answers.held.value!.status])).toEqual([
    ['hello', 'done'],
    ['and now?', 'done'],
  ]);
});

it('an answer continues from another token in the place of one of its own', async () => {
  await send(['hello']);
  const { tokens } = held(0);
  const other = tokens[1]!.alternatives.find(({ id }) => id !== tokens[1]!.id)!;
  await continueFrom({ round: 0, column: 'held', token: 1 }, other.id);
  expect(
    held(0)
      .tokens.slice(0, 2)
      .map(({ id }) => id),
  ).toEqual([tokens[0]!.id, other.id]);
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
