import type { HoldFile } from '../../src/dialogue/index.js';

/** A hold for a model of the shape of the llama fixture, with other weights. */
export const HOLD: HoldFile = {
  format: 'holdfast-hold',
  version: 1,
  library: '0.1.0',
  date: '2026-11-29',
  verdict: 'helps',
  settings: {
    policy: 'split-softmax',
    schedule: { kind: 'constant', strength: 0.5 },
    target: 'message',
    layers: [0, 2],
    heads: null,
    pairs: null,
  },
  model: { name: 'other', hash: '0'.repeat(64), layers: 3, heads: 4 },
  prompt: null,
  evidence: {
    outcome: 'late influence, nats a token',
    tested: 'split-softmax, k = 0.5 on the target message, layers 0 2',
    gain: { value: 0.2, low: 0.1, high: 0.3 },
    p: 0.001,
    cost: { value: 0.01, low: 0.005, high: 0.015 },
    budget: 0.02,
    rounds: 8,
    chosenOn: { dialogues: 8, prompts: 1 },
    testedOn: { dialogues: 16, prompts: 1 },
    executor: 'cpu',
    precision: 'auto',
  },
};
