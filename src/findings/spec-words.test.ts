import { describe, expect, it } from 'vitest';
import { armWords, samplingWords } from './spec-words.js';
import type { ReportedArm } from './study-result.js';

const OFF: ReportedArm = {
  ...{ name: 'an arm', policy: 'off', schedule: null, target: { kind: 'message' }, on: { kind: 'all' } },
  ...{ silence: null, repeatEvery: null, guidance: null, noSystem: false },
};

describe('what was run, in the words of the specification', () => {
  it.each<[Partial<ReportedArm>, string]>([
    [{}, 'untouched'],
    [{ repeatEvery: 4 }, 'repeat: 4'],
    [{ silence: { kind: 'top', count: 3, by: 'share' } }, 'silence: top 3 by share'],
    [{ guidance: 1.5 }, 'guidance: 1.5'],
    [{ reminder: true }, 'reminder: true'],
    [{ reminder: 'Keep to it.' }, 'reminder: Keep to it.'],
    [
      { policy: 'boost', schedule: { kind: 'constant', strength: 2 }, cache: 'clean' },
      'policy: boost, strength: 2, cache: clean',
    ],
    [
      { policy: 'split-softmax', schedule: { kind: 'constant', strength: 0.7 } },
      'policy: split-softmax, strength: 0.7',
    ],
    [
      {
        ...{ policy: 'split-softmax', schedule: { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 } },
        ...{ target: { kind: 'random', seed: 3 }, on: { kind: 'random', count: 5, seed: 1 } },
      },
      'policy: split-softmax, schedule: per-turn:1,0.6,0.04, target: random:3, heads: random 5 seed 1',
    ],
  ])('%j is %s', (settings, words) => {
    expect(armWords({ ...OFF, ...settings })).toBe(words);
  });

  it('leaves out sampling options that have no effect', () => {
    expect(samplingWords({ temperature: 1, topK: 0, topP: 0.9, minP: 0, repetitionPenalty: 1 })).toBe(
      'temperature: 1, top-p: 0.9',
    );
  });
});
