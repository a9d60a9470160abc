import { describe, expect, it } from 'vitest';
import { changedPairs } from '../../src/attention/index.js';
import { createGpuExecutor, ON_A_GPU, ON_A_PROCESSOR } from '../../src/executors/gpu/index.js';
import { createReferenceExecutor, type ForwardRequest } from '../../src/executors/index.js';
import { deviceOfFile, gpuName, hasNoFastGpu } from '../support/gpu.js';
import { expectClose, spread } from './compare.js';
import { golden, openFamily } from './fixtures.js';

/**
 * Dialogues longer than the golden ones, compared with the reference: keys shared by several workgroups, a cache that
 * grows twice during the dialogue, and two alternating sequences.
 */
describe.skipIf(hasNoFastGpu())(`long sequences on ${gpuName}`, () => {
  it.each([
    ['llama', ON_A_PROCESSOR],
    ['gemma3', ON_A_PROCESSOR],
    // One workgroup for all keys of a row, then more splits than a window has, which threads share in layers without one.
    ['gemma2', ON_A_GPU],
    ['gemma3', { ...ON_A_GPU, attention: { threads: 256, whole: 16, split: 64 } }],
  ] as const)('%s, divided %o', async (family, tuning) => {
    const { plan, files } = await openFamily(family);
    const reference = await createReferenceExecutor(plan, files.checkpoint);
    const options = { precision: 'f32', tuning } as const;
    const gpu = await createGpuExecutor(await deviceOfFile(), plan, files.checkpoint, options);
    await files.close();
    const { ids } = golden(family);
    const tokens = Array.from({ length: 601 }, (_, index) => ids[(index * 7) % ids.length]!);
    const { layers, vocabSize } = plan.blueprint;
    const heads = layers.length * layers[0]!.attention.heads;
    const asked = {
      intervention: {
        target: [
          { start: 3, end: 40 },
          { start: 250, end: 300 },
        ],
        policy: 'split-softmax',
        strength: Float32Array.from({ length: heads }, (_, head) => (head % 3) / 2),
      },
      spans: Array.from({ length: 50 }, (_, span) => ({ start: 12 * span, end: 12 * span + 11 })),
    } satisfies Partial<ForwardRequest>;
    const results = await Promise.all(
      [reference, gpu].map(async (executor) => {
        const sequence = executor.open(1024);
        const other = executor.open(1024);
        const forward = async (start: number, end: number, extras: Partial<ForwardRequest> = {}) => {
          const request = { sequence, tokens: tokens.slice(start, end), logits: 'last' as const, ...extras };
          const [result] = await executor.forward([request]);
          return result!;
        };
        await forward(0, 250);
        await executor.forward([{ sequence: other, tokens: tokens.slice(5, 90), logits: 'none' }]);
        // Exceeds the first buffers token by token, and the second in one pass.
        for (let at = 250; at < 262; at++) await forward(at, at + 1, asked);
        // Without spans, whole tiles of keys are inside the target.
        const many = await forward(262, 590, { intervention: asked.intervention });
        const last = await forward(590, 600, { ...asked, logits: 'all' });
        // A piece that many splits have.
        const long = await forward(600, 601, { intervention: asked.intervention });
        const single = await forward(0, 1, asked);
        // Pieces that are longer than the threads that sum them.
        const uncut = await forward(1, 2, { intervention: asked.intervention });
        return { many, last, long, single, uncut };
      }),
    );
    const [expected, actual] = results as [(typeof results)[0], (typeof results)[0]];
    for (const which of ['many', 'last', 'long', 'single', 'uncut'] as const) {
      const [wanted, got] = [expected[which], actual[which]];
      expectClose(got.logits, wanted.logits, 1e-3 * spread(wanted.logits), `${which}: logits`);
      expect(got.logits.length % vocabSize).toBe(0);
      for (const side of ['before', 'after'] as const) {
        expectClose(got.targetShares![side], wanted.targetShares![side], 1e-4, `${which}: target ${side}`);
        const [spans, expectedSpans] = [got.spanShares?.[side], wanted.spanShares?.[side]];
        expectClose(spans ?? [], expectedSpans ?? [], 1e-4, `${which}: spans ${side}`);
      }
      expect(changedPairs(got.targetShares!, layers.length)).toEqual(
        changedPairs(wanted.targetShares!, layers.length),
      );
    }
    await Promise.all([reference.dispose(), gpu.dispose()]);
  });
});
