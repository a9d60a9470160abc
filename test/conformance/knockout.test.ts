import { beforeAll, describe, expect, it } from 'vitest';
import { resolveTarget, type TargetContext, type TokenRange } from '../../src/attention/index.js';
import { createGgmlExecutor } from '../../src/executors/ggml/index.js';
import { createReferenceExecutor, type Executor, type ForwardRequest } from '../../src/executors/index.js';
import { readReferenceWeights } from '../../src/executors/reference/weights.js';
import type { FamilyName } from '../support/families.js';
import { type Masked, type MaskedRun, maskedForward } from '../support/masked-forward.js';
import { messageAt } from '../support/message-places.js';
import { expectClose, spread } from './compare.js';
import { golden, goldenFamily, openFamily, pickRows } from './fixtures.js';

/** `floor` with ψ = 1 on the rest knocks a span out: the result is the same as with its keys masked. */
describe.each(['llama', 'gemma3', 'mistral'] as const)('knocking out a span of %s', (family: FamilyName) => {
  const { ids, rows } = golden(family);
  const executors: Executor[] = [];
  let byHand: (masked: Masked) => MaskedRun;
  let layers: number;

  beforeAll(async () => {
    const { plan, files } = await openFamily(family);
    const weights = await readReferenceWeights(plan, files.checkpoint);
    byHand = (masked) => maskedForward(plan.blueprint, weights, ids, masked);
    layers = plan.blueprint.layers.length;
    executors.push(
      await createReferenceExecutor(plan, files.checkpoint),
      await createGgmlExecutor(plan, files.checkpoint, { precision: 'f32', threads: 1 }),
    );
    await files.close();
    return () => Promise.all(executors.map((executor) => executor.dispose()));
  });

  const context: TargetContext = {
    spans: [
      { role: 'sink', turn: 0, start: 0, end: 1 },
      { role: 'user', turn: 1, start: 18, end: ids.length },
    ],
    messages: [messageAt('system', 1, 18, { start: 5, end: 16 })],
  };

  /** Masks the span's keys in rows that see a key outside it. */
  const without =
    ({ start, end }: TokenRange): Masked =>
    (query, key, window) => {
      const first = window === null ? 0 : Math.max(0, query - window + 1);
      return key >= start && key < end && (first < start || query >= end);
    };

  it('gives the golden logits in the comparison run without a mask', async () => {
    const expected = await (await goldenFamily(family))('logits');
    const { logits } = byHand(() => false);
    const recorded = pickRows(Float32Array.from(logits), rows, ids.length, logits.length / ids.length);
    expectClose(recorded, expected, 1e-3 * spread(expected), 'logits');
  });

  it.each([
    ['prefix', { start: 0, end: 18 }, [ids.length]],
    ['content', { start: 5, end: 16 }, Array<number>(ids.length).fill(1)],
    ['random:4', null, [30, ids.length - 30]],
    ['sink', { start: 0, end: 1 }, [7, 40, ids.length - 47]],
  ] as const)('gives what masking the keys of %s gives', async (name, range, chunks) => {
    const of = name === 'random:4' ? ({ kind: 'random', seed: 4 } as const) : { kind: name };
    const masked = without(range ?? resolveTarget(of, context)[0]!);
    const expected = byHand(masked);
    for (const executor of executors) {
      const pairs = layers * executor.blueprint.layers[0]!.attention.heads;
      const request: Omit<ForwardRequest, 'tokens'> = {
        sequence: executor.open(512),
        logits: 'all',
        intervention: {
          target: resolveTarget({ kind: 'not', of }, context),
          policy: 'floor',
          strength: new Float32Array(pairs).fill(1),
        },
      };
      const { vocabSize } = executor.blueprint;
      let start = 0;
      for (const size of chunks) {
        const end = start + size;
        const taps = { attention: Array.from({ length: layers }, (_, layer) => layer) };
        const [result] = await executor.forward([{ ...request, tokens: ids.slice(start, end), taps }]);
        const logits = expected.logits.subarray(start * vocabSize, end * vocabSize);
        const what = `${executor.name}, tokens ${start} to ${end}`;
        expectClose(result!.logits, logits, 1e-4 * spread(expected.logits), `${what}: logits`);
        for (const [layer, rows] of result!.attention) {
          expectClose(
            rows,
            rowsOf(expected.attention[layer]!, ids.length, start, end),
            1e-5,
            `${what}: attention of layer ${layer}`,
          );
        }
        start = end;
      }
      request.sequence.dispose();
    }
    // The keys must have had attention without the knockout, or this test would show nothing.
    const plain = byHand(() => false).attention[0]!;
    expect(sumMasked(plain, ids.length, masked)).toBeGreaterThan(1);
  });
});

/** Returns queries `[start, end)` of `[heads, tokens, tokens]`, over the keys up to `end`. */
function rowsOf(attention: Float64Array, tokens: number, start: number, end: number): number[] {
  const rows: number[] = [];
  for (let row = 0; row < attention.length; row += tokens) {
    const query = (row / tokens) % tokens;
    if (query >= start && query < end) rows.push(...attention.subarray(row, row + end));
  }
  return rows;
}

function sumMasked(attention: Float64Array, tokens: number, masked: Masked): number {
  return attention.reduce((sum, weight, index) => {
    const query = Math.floor(index / tokens) % tokens;
    return masked(query, index % tokens, null) ? sum + weight : sum;
  }, 0);
}
