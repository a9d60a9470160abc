import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CompareRequest, PastTurn, Steer } from '../../../src/studio/protocol.js';
import { EMPTY } from './answer.js';
import { occupy } from './answering.js';
import { compare } from './compare.js';
import { createRound, rounds, showRounds } from './dialogue.js';
import { pinned } from './selection.js';
import { steer } from './settings.js';

/** An engine whose comparisons end when the test says so. */
const engine = vi.hoisted(() => {
  const asked: { readonly steer: Steer; readonly end: () => void }[] = [];
  return {
    asked,
    run: (name: string, takes: CompareRequest) =>
      new Promise((resolve, reject) => {
        if (name !== 'compare') reject(new Error(`${name} is not expected`));
        asked.push({ steer: takes.steer, end: () => resolve([]) });
      }),
  };
});
vi.mock('./engine.js', async () => {
  const { signal } = await import('@preact/signals');
  return { engine, model: signal({ kind: 'loading', name: '', progress: '' }) };
});

const at = (strength: number): Steer => ({
  ...{ policy: 'split-softmax', target: 'message', pairs: null },
  schedule: { kind: 'constant', strength },
});
const TURN: PastTurn = {
  ...{ system: null, user: 'hello', assistant: 'yes', ids: [1], begun: 0, strengths: null, finish: 'stop' },
  ...{ steer: at(1), draw: { temperature: 1, topP: 1, seed: 1, maxTokens: 8 } },
};
const PLACE = { round: 0, column: 'held', token: 0 } as const;
const answer = () => rounds.value[0]!.answers.held.value!;
/** Ends the comparison that was asked for last. */
async function end(): Promise<void> {
  engine.asked.at(-1)!.end();
  await vi.advanceTimersByTimeAsync(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  engine.asked.length = 0;
  showRounds([createRound('hello', 1, { held: { ...EMPTY, status: 'done', given: TURN } })]);
  pinned.value = PLACE;
});
afterEach(() => vi.useRealTimers());

describe('a comparison', () => {
  it('follows a hold that changes while it is computed, and ends with the last one', async () => {
    const [first, second, third] = [at(0.5), at(0.4), at(0.3)];
    steer.value = first;
    void compare(PLACE, first);
    steer.value = second;
    await vi.advanceTimersByTimeAsync(300);
    steer.value = third;
    await vi.advanceTimersByTimeAsync(300);
    expect(engine.asked.map(({ steer: under }) => under)).toEqual([first]);
    await end();
    expect(answer()).toMatchObject({ comparing: third, comparison: { steer: first } });
    expect(engine.asked.map(({ steer: under }) => under)).toEqual([first, third]);
    await end();
    expect(answer()).toMatchObject({ comparing: null, comparison: { steer: third } });
  });

  it('waits for a hold to rest, and for an answer in progress', async () => {
    void compare(PLACE, at(0.5));
    await end();
    for (const strength of [0.4, 0.3, 0.2]) {
      steer.value = at(strength);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(engine.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(300);
    expect(engine.asked.map(({ steer: under }) => under)).toEqual([at(0.5), at(0.2)]);
    await end();
    let finish = (): void => {};
    const answering = occupy(null, () => new Promise<void>((resolve) => (finish = resolve)));
    steer.value = at(0.1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(engine.asked).toHaveLength(2);
    finish();
    await answering;
    await vi.advanceTimersByTimeAsync(300);
    expect(engine.asked.at(-1)!.steer).toEqual(at(0.1));
    await end();
  });

  it('is not begun by a hold that changes if none was asked for', async () => {
    steer.value = at(0.7);
    await vi.advanceTimersByTimeAsync(1000);
    expect(engine.asked).toEqual([]);
  });
});
