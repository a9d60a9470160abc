import { describe, expect, it } from 'vitest';
import { checkSampling, createSampler } from '../../src/engine/index.js';
import { ON_A_PROCESSOR } from '../../src/executors/gpu/index.js';
import type { Intervention } from '../../src/executors/index.js';
import type { FamilyName } from '../support/families.js';
import { gpuName, hasNoFastGpu, tuned } from '../support/gpu.js';
import { openFamily } from './fixtures.js';
import { createAndClose } from './runs.js';

/** Counts dispatches, because each costs time on a GPU, however little it computes. */
describe.skipIf(hasNoFastGpu())(`dispatches on ${gpuName}`, () => {
  // Besides the layers: the head, its norm and three that pick the token. Norms after branches, which also norm for the next
  // matrix, are dispatches of their own; other norms are part of the next matrix.
  it.each<[FamilyName, number, number]>([
    ['qwen3', 256, 6],
    ['gemma3', 256, 8],
    ['qwen3', 2, 7],
  ])(
    'are as few as they should be for a token of %s, if a workgroup takes up to %i keys: %i a layer, and 5 besides',
    async (family, whole, perLayer) => {
      const tuning = { ...ON_A_PROCESSOR, attention: { threads: 8, whole, split: 64 } };
      const executor = await createAndClose(tuned(tuning), openFamily(family));
      const sequence = executor.open(64);
      const logits = createSampler(checkSampling({ temperature: 0 })).wanted!;
      await executor.forward([{ sequence, tokens: [5, 6], logits: 'none' }]);
      const heads = executor.blueprint.layers.reduce((sum, { attention }) => sum + attention.heads, 0);
      const intervention: Intervention = {
        target: [{ start: 0, end: 1 }],
        policy: 'split-softmax',
        strength: new Float32Array(heads).fill(0.5),
      };
      const { kernels } = await executor.profile!({ sequence, tokens: [7], logits, intervention });
      const dispatches = kernels.reduce((sum, { dispatches }) => sum + dispatches, 0);
      expect(dispatches).toBe(perLayer * executor.blueprint.layers.length + 5);
      await executor.dispose();
    },
  );
});
