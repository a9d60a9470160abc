import { describe, expect, it } from 'vitest';
import { createGpuExecutor, ON_A_GPU, ON_A_PROCESSOR } from '../../src/executors/gpu/index.js';
import type { Precision } from '../../src/executors/index.js';
import { deviceOfFile, gpuName, hasNoFastGpu } from '../support/gpu.js';
import { expectClose, spread } from './compare.js';
import { golden, type openFamily, openGgufFixture } from './fixtures.js';

/** Weights in f16 or in blocks are multiplied as stored: the same numbers as in f32, summed in another order. */
const SAME_NUMBERS = 1e-5;

describe.skipIf(hasNoFastGpu())(`precisions on ${gpuName}`, () => {
  const { ids } = golden('llama');

  async function logitsOf(
    opening: ReturnType<typeof openFamily>,
    precision: Precision,
    tuning = ON_A_PROCESSOR,
  ): Promise<{ readonly logits: Float32Array; readonly forms: string }> {
    const { plan, files } = await opening;
    const options = { precision, tuning };
    const executor = await createGpuExecutor(await deviceOfFile(), plan, files.checkpoint, options);
    await files.close();
    try {
      const sequence = executor.open(128);
      const [rows] = await executor.forward([{ sequence, tokens: ids.slice(0, 20), logits: 'all' }]);
      const [row] = await executor.forward([{ sequence, tokens: ids.slice(20, 21), logits: 'last' }]);
      return { logits: Float32Array.from([...rows!.logits, ...row!.logits]), forms: executor.precision };
    } finally {
      await executor.dispose();
    }
  }

  it.each([
    ['llama.F16', 'f16'],
    ['llama.BF16', 'bf16'],
    ['llama.Q8_0', 'q8'],
    ['llama.Q4_0', 'q4'],
    ['llama.Q4_1', 'q4+offsets'],
    ['llama.Q5_1', 'q8+offsets'],
  ])('multiplies %s as it is stored', async (name, form) => {
    const exact = await logitsOf(openGgufFixture(name), 'f32');
    for (const tuning of [ON_A_PROCESSOR, ON_A_GPU]) {
      const stored = await logitsOf(openGgufFixture(name), 'auto', tuning);
      expect(stored.forms.split(', ')).toContain(form);
      expectClose(stored.logits, exact.logits, SAME_NUMBERS * spread(exact.logits), `${name} ${form}`);
    }
  });
});
