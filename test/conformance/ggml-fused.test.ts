import { beforeAll, describe, expect, it } from 'vitest';
import { createGgmlExecutor } from '../../src/executors/ggml/index.js';
import type { Executor, ForwardRequest, ForwardResult } from '../../src/executors/index.js';
import { EXAMPLES, EXTREMES } from '../support/policy-cases.js';
import { randomModel } from '../support/random-model.js';
import { expectClose, spread } from './compare.js';

/**
 * Chunks of 64 rows and more go through a fused kernel where the cache is in f16. It must give what the explicit
 * operations of an exact cache give, except for the rounding of the cache.
 */

const ROWS = 200;
const TARGETS = [
  { start: 66, end: 75 },
  { start: 130, end: 150 },
] as const;
const SPANS = [
  { start: 0, end: 10 },
  { start: 10, end: 90 },
  { start: 95, end: 140 },
] as const;

/** A dozen bits of a cached number are lost, and attention is sharp here. */
const SHARES = 2e-3;
const LOGITS = 2e-3;

const MODELS = [
  ['a model with groups of heads', 'llama', {}],
  ['a model with windows and caps', 'gemma2', { head_dim: 32, sliding_window: 40 }],
  ['a model with norms of heads', 'qwen3', { head_dim: 48 }],
] as const;

describe.each(MODELS)('%s', (_, family, options) => {
  let exact: Executor;
  let fused: Executor;
  let tokens: number[];

  beforeAll(async () => {
    const { plan, checkpoint } = await randomModel(family, options);
    exact = await createGgmlExecutor(plan, checkpoint, { precision: 'f32', threads: 1 });
    fused = await createGgmlExecutor(plan, checkpoint, { threads: 1, batchInvariant: true });
    const { vocabSize } = plan.blueprint;
    tokens = Array.from({ length: ROWS }, (_, i) => (i * i + 7 * i) % vocabSize);
  });

  /** Runs all tokens in requests of these sizes. */
  async function run(
    executor: Executor,
    extras: Omit<ForwardRequest, 'sequence' | 'tokens' | 'logits'>,
    sizes: readonly number[] = [ROWS],
  ): Promise<ForwardResult[]> {
    const sequence = executor.open(256);
    const results: ForwardResult[] = [];
    let start = 0;
    for (const size of sizes) {
      const part = tokens.slice(start, start + size);
      start += size;
      results.push((await executor.forward([{ sequence, tokens: part, logits: 'all', ...extras }]))[0]!);
    }
    sequence.dispose();
    return results;
  }

  const pairs = (): number => exact.blueprint.layers.reduce((sum, { attention }) => sum + attention.heads, 0);

  it.each([...EXAMPLES, ...EXTREMES])(
    '%s at %f is what the explicit kernel gives',
    async (policy, strength) => {
      // Some heads have another strength; at strengths where log shares need scores, the kernel is the explicit one.
      const strengths = Float32Array.from(
        { length: pairs() },
        (_, pair) => strength * (pair % 3 === 0 ? 0.9 : 1),
      );
      const extras = { spans: SPANS, intervention: { policy, target: TARGETS, strength: strengths } };
      const [expected] = await run(exact, extras);
      const [found] = await run(fused, extras);
      expectClose(found!.logits, expected!.logits, LOGITS * spread(expected!.logits), 'logits');
      for (const side of ['before', 'after'] as const) {
        expectClose(found!.spanShares![side], expected!.spanShares![side], SHARES, `shares of spans ${side}`);
        expectClose(found!.targetShares![side], expected!.targetShares![side], SHARES, `shares ${side}`);
      }
    },
  );

  it('gives measured rows, and rows with a strength of 1, the bits of an untouched model', async () => {
    const [untouched] = await run(fused, {});
    const [measured] = await run(fused, { spans: SPANS });
    const strength = new Float32Array(pairs()).fill(1);
    const intervention = { policy: 'split-softmax', target: TARGETS, strength } as const;
    const [identity] = await run(fused, { spans: SPANS, intervention });
    expect(measured!.logits).toEqual(untouched!.logits);
    expect(identity!.logits).toEqual(untouched!.logits);
    expect(identity!.targetShares!.after).toEqual(identity!.targetShares!.before);
  });

  it('gives rows the same bits however the prompt is split, if every part has 64 rows', async () => {
    const logits = async (sizes: readonly number[]): Promise<number[]> =>
      (await run(fused, { spans: SPANS }, sizes)).flatMap((result) => [...result.logits]);
    const whole = await logits([ROWS]);
    expect(await logits([64, 136])).toEqual(whole);
    expect(await logits([70, 65, 65])).toEqual(whole);
  });

  it('silences heads', async () => {
    const silenced = Uint8Array.from({ length: pairs() }, (_, pair) => pair % 2);
    const [expected] = await run(exact, { silenced });
    const [found] = await run(fused, { silenced });
    expectClose(found!.logits, expected!.logits, LOGITS * spread(expected!.logits), 'logits');
  });
});
