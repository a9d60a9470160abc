import { describe, expect, it } from 'vitest';
import type { Executor, ForwardRequest, Profile, Sequence } from '../../executors/index.js';
import { profileBench } from './run.js';

/** Returns an executor whose profiles report the given times of two kernels: a prompt's and a token's in turn. */
function executorOf(times: readonly (readonly [number, number])[], seen: string[]): Executor {
  let length = 0;
  let next = 0;
  const sequence = {
    get length() {
      return length;
    },
    truncate(to: number) {
      length = to;
    },
    dispose() {},
  };
  return {
    name: 'gpu',
    blueprint: {
      vocabSize: 10,
      contextLength: 100,
      layers: [{ attention: { heads: 1 } }],
    } as unknown as Executor['blueprint'],
    precision: 'f32',
    open: () => sequence as unknown as Sequence,
    copy: () => Promise.reject(new Error('this test asks for profiles only')),
    forward: () => Promise.reject(new Error('this test asks for profiles only')),
    profile: async ({ tokens }: ForwardRequest): Promise<Profile> => {
      seen.push(`${tokens.length} after ${length}`);
      length += tokens.length;
      const [one, other] = times[next++]!;
      const kernel = (name: string, ms: number) => ({ kernel: name, dispatches: 1, ms, bytes: 0 });
      return { kernels: [kernel('one', one), kernel('other', other)], bandwidth: 7 };
    },
    dispose: async () => {},
  };
}

describe('profileBench', () => {
  it('returns medians over all rounds but the first, each round starting with an empty cache', async () => {
    const seen: string[] = [];
    const cold = [900, 900] as const;
    const times = [cold, cold, [1, 30], [5, 60], [3, 10], [4, 50], [2, 20], [6, 40]] as const;
    const steps: string[] = [];
    const { prefill, decode } = await profileBench(
      executorOf(times, seen),
      { prompt: 40, tokens: 3, rounds: 3 },
      (step) => steps.push(step),
    );
    const msOf = ({ kernels }: Profile): number[] => kernels.map(({ ms }) => ms);
    expect(msOf(prefill)).toEqual([2, 20]);
    expect(msOf(decode)).toEqual([5, 50]);
    expect(prefill.bandwidth).toBe(7);
    // Of one pass, not of all rounds.
    for (const { kernels } of [prefill, decode])
      expect(kernels.map(({ dispatches }) => dispatches)).toEqual([1, 1]);
    expect(steps).toEqual(
      ['warming up', 'round 1 of 3', 'round 2 of 3', 'round 3 of 3'].map((round) => `${round}: each kernel`),
    );
    expect(seen).toEqual(Array.from({ length: 4 }, () => ['40 after 0', '1 after 40']).flat());
  });
});
