import { expect, it } from 'vitest';
import { policyText } from './policy-text.js';

it.each([
  [{ kind: 'constant', strength: 0.5 }, 'split-softmax, k = 0.5'],
  [{ kind: 'per-turn', from: 1, to: 0.6, step: 0.04 }, 'split-softmax, k 1 → 0.6, 0.04 a turn'],
  [{ kind: 'per-token', from: 1, to: 0.6, rate: 0.1 }, 'split-softmax, k 1 → 0.6, 0.1 · ln(t/|system|)'],
  [{ kind: 'target', share: 0.4 }, 'split-softmax, mean share 0.4'],
  [null, 'split-softmax'],
] as const)('writes a policy and its schedule %o as %s', (schedule, words) => {
  expect(policyText({ policy: 'split-softmax', schedule })).toBe(words);
});
