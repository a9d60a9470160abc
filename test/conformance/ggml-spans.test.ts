import { beforeAll, describe, expect, it } from 'vitest';
import { createGgmlExecutor } from '../../src/executors/ggml/index.js';
import type { Executor, ForwardRequest, ForwardResult } from '../../src/executors/index.js';
import { EXAMPLES, EXTREMES } from '../support/policy-cases.js';
import { randomModel } from '../support/random-model.js';
import { expectClose } from './compare.js';

/** Shares of many spans, of tokens one by one, in a prompt and beside other sequences. */

const PROMPT = 205;
const STEPS = 4;
const TARGETS = [
  { start: 66, end: 70 },
  { start: 100, end: 150 },
] as const;
/** Several in one step of 64 keys, some over the borders of steps, and keys in none. */
const SPANS = [0, 2, 5, 9, 20, 63, 64, 66, 128, 140, 190].map((start, i, all) => ({
  start,
  end: all[i + 1] ?? 207,
}));
const MEASURED = SPANS.filter((_, i) => i !== 4);

describe.each([
  ['a model with groups of heads', 'llama', {}],
  ['a model with windows and caps', 'gemma2', { head_dim: 32, sliding_window: 70 }],
] as const)('%s', (_, family, options) => {
  let executor: Executor;
  let tokens: number[];

  beforeAll(async () => {
    const { plan, checkpoint } = await randomModel(family, options);
    executor = await createGgmlExecutor(plan, checkpoint, {
      precision: 'f32',
      threads: 1,
      batchInvariant: true,
    });
    tokens = Array.from({ length: PROMPT + STEPS }, (_, i) => (i * i + 7 * i) % plan.blueprint.vocabSize);
  });

  type Extras = Omit<ForwardRequest, 'sequence' | 'tokens' | 'logits'>;
  const pairs = (): number =>
    executor.blueprint.layers.reduce((sum, { attention }) => sum + attention.heads, 0);
  const extrasOf = (policy: (typeof EXAMPLES)[number][0], strength: number): Extras => ({
    spans: MEASURED,
    intervention: { policy, target: TARGETS, strength: new Float32Array(pairs()).fill(strength) },
  });

  /** Runs a prompt, and then token by token. */
  async function steps(prompt: number, extras: Extras, count = STEPS): Promise<ForwardResult[]> {
    const sequence = executor.open(256);
    const run = async (from: number, to: number): Promise<ForwardResult> =>
      (await executor.forward([{ sequence, tokens: tokens.slice(from, to), logits: 'last', ...extras }]))[0]!;
    await run(0, prompt);
    const results: ForwardResult[] = [];
    for (let at = prompt; at < prompt + count; at++) results.push(await run(at, at + 1));
    sequence.dispose();
    return results;
  }

  it.each([...EXAMPLES, ...EXTREMES])(
    '%s at %f: a token has the shares that it has in a prompt',
    async (policy, strength) => {
      const extras = extrasOf(policy, strength);
      const found = await steps(PROMPT, extras);
      const sequence = executor.open(256);
      const [whole] = await executor.forward([{ sequence, tokens, logits: 'all', ...extras }]);
      sequence.dispose();
      const rowsOf = (all: Float32Array, row: number, size: number): Float32Array =>
        Float32Array.from({ length: pairs() * size }, (_, i) => {
          const [pair, at] = [Math.floor(i / size), i % size];
          return all[(pair * tokens.length + row) * size + at]!;
        });
      for (const [i, result] of found.entries()) {
        const row = PROMPT + i;
        for (const side of ['before', 'after'] as const) {
          const spans = rowsOf(whole!.spanShares![side], row, MEASURED.length);
          expectClose(result.spanShares![side], spans, 1e-6, `shares of spans ${side}`);
          expectClose(
            result.targetShares![side],
            rowsOf(whole!.targetShares![side], row, 1),
            1e-6,
            `shares ${side}`,
          );
        }
      }
    },
  );

  it('gives the spans of a sequence the same bits beside a longer one with more spans', async () => {
    const extras = extrasOf('split-softmax', 0.5);
    const own = [
      { prompt: 80, extras: { ...extras, spans: SPANS.slice(5) } },
      { prompt: 200, extras },
    ];
    const alone: ForwardResult[] = [];
    for (const { prompt, extras } of own) alone.push(...(await steps(prompt, extras, 1)));
    const sequences = own.map(() => executor.open(256));
    const together = (from: (prompt: number) => number, to: (prompt: number) => number) =>
      executor.forward(
        own.map(({ prompt, extras }, i): ForwardRequest => {
          const part = tokens.slice(from(prompt), to(prompt));
          return { sequence: sequences[i]!, tokens: part, logits: 'last', ...extras };
        }),
      );
    await together(
      () => 0,
      (prompt) => prompt,
    );
    const found = await together(
      (prompt) => prompt,
      (prompt) => prompt + 1,
    );
    for (const sequence of sequences) sequence.dispose();
    expect(found).toEqual(alone);
  });
});
