import { expect, it } from 'vitest';
import { checkSampling, createSampler, type SamplingOptions } from '../../src/engine/index.js';
import { candidatesOf, type ForwardRequest } from '../../src/executors/index.js';
import type { FamilyName } from '../support/families.js';
import { copySuite } from './copies.js';
import { openFamily } from './fixtures.js';
import { type CreateExecutor, createAndClose } from './runs.js';
import { subjectOf } from './subject.js';

/** Tests that do not depend on the model: separate sequences, copies, candidates, turns and refusals. */
export function contractSuite(name: string, family: FamilyName, create: CreateExecutor): void {
  const subject = subjectOf(family, create);

  it('picks the candidates of a draw that the logits give', async () => {
    const { executor, model } = subject();
    const draws: readonly SamplingOptions[] = [
      { temperature: 0 },
      { temperature: 0.7, topP: 0.95 },
      { temperature: 1, topP: 0.5 },
      { temperature: 1, topK: 20, topP: 0.9 },
      { temperature: 2, topP: 1, minP: 0.4 },
      { temperature: 1, topK: 100_000, topP: 0.99 },
    ];
    // The same row from the same kernels: a pass that returns all rows may round differently.
    const alone = executor.open(72);
    const [row] = await executor.forward([{ sequence: alone, tokens: model.ids, logits: 'last' }]);
    alone.dispose();
    const last = row!.logits;
    for (const draw of draws) {
      for (const topLogProbabilities of [0, 9]) {
        const sampling = checkSampling({ ...draw, topLogProbabilities });
        const what = JSON.stringify(sampling);
        const [partial, whole] = [createSampler(sampling), createSampler(sampling)];
        const sequence = executor.open(72);
        const [result] = await executor.forward([{ sequence, tokens: model.ids, logits: partial.wanted! }]);
        sequence.dispose();
        const { ids, logits: own, normaliser, total } = result!.candidates!;
        const expected = candidatesOf(last, partial.wanted!);
        // Each may return more candidates than a draw can reach.
        const both = Math.min(ids.length, expected.ids.length);
        expect(result!.logits.length, what).toBe(0);
        expect(ids.slice(0, both), what).toEqual(expected.ids.slice(0, both));
        expect(own, what).toEqual(Float32Array.from(ids, (id) => last[id]!));
        expect(normaliser, what).toBeCloseTo(expected.normaliser, 4);
        expect(total / (expected.total || 1), what).toBeCloseTo(expected.total === 0 ? 0 : 1, 4);
        for (let i = 0; i < 20; i++) {
          const [one, other] = [partial.next(result!, []), whole.next({ logits: last }, [])];
          expect(one.id, what).toBe(other.id);
          expect(one.topLogProbabilities.map(({ id }) => id)).toEqual(
            other.topLogProbabilities.map(({ id }) => id),
          );
        }
      }
    }
  });

  it('invariant 4: two sequences on one model do not affect each other', async () => {
    const { executor, model, run } = subject();
    const alone = await run(model.ids, [36, 36]);
    const [first, second] = [executor.open(512), executor.open(512)];
    const half = model.ids.slice(0, 36);
    await executor.forward([
      { sequence: first, tokens: half, logits: 'none' },
      { sequence: second, tokens: half.toReversed(), logits: 'none' },
    ]);
    const [result] = await executor.forward([
      { sequence: first, tokens: model.ids.slice(36), logits: 'all' },
    ]);
    expect(result!.logits).toEqual(alone.logits.subarray(36 * executor.blueprint.vocabSize));
  });

  it('invariant 4: concurrent callers get the same results as alone', async () => {
    const { model, run } = subject();
    const spans = [
      { start: 0, end: 18 },
      { start: 18, end: 40 },
    ];
    const ids = model.ids.slice(0, 40);
    const alone = await run(ids, [40], { spans });
    const [whole, reversed] = await Promise.all([
      run(ids, [40], { spans }),
      run(ids.toReversed(), [40], { spans: [{ start: 3, end: 7 }] }),
      run(ids, [9, 31], { spans: [{ start: 1, end: 39 }] }),
    ]);
    expect(whole.logits).toEqual(alone.logits);
    expect(whole.spanBefore).toEqual(alone.spanBefore);
    expect(reversed.logits).not.toEqual(alone.logits);
  });

  copySuite(subject, family, create);

  it('lets timers fire between consecutive passes', async () => {
    const { executor, model } = subject();
    let fired = false;
    const timer = setTimeout(() => {
      fired = true;
    }, 0);
    const sequence = executor.open(1);
    const sinceMs = performance.now();
    while (!fired && performance.now() - sinceMs < 2000) {
      await executor.forward([{ sequence, tokens: [model.ids[0]!], logits: 'none' }]);
      sequence.truncate(0);
    }
    clearTimeout(timer);
    expect(fired).toBe(true);
  });

  it('runs a list of sequences, and leaves all of them unchanged if one fails', async () => {
    const { executor, model } = subject();
    const [first, second] = [executor.open(80), executor.open(80)];
    const both = await executor.forward([
      { sequence: first, tokens: model.ids, logits: 'last' },
      { sequence: second, tokens: model.ids.slice(0, 9), logits: 'last' },
    ]);
    expect(both).toHaveLength(2);
    await expect(
      executor.forward([
        { sequence: first, tokens: [1, 2], logits: 'none' },
        { sequence: second, tokens: [-1], logits: 'none' },
      ]),
    ).rejects.toMatchObject({ code: 'E_TOKEN_RANGE' });
    const gone = new AbortController();
    const aborted = executor.forward(
      [
        { sequence: first, tokens: [1], logits: 'none' },
        { sequence: second, tokens: Array<number>(60).fill(1), logits: 'none' },
      ],
      { signal: gone.signal },
    );
    gone.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'E_ABORTED' });
    expect([first.length, second.length]).toEqual([72, 9]);
  });

  it('computes a request as it was when it was made', async () => {
    const { executor, model, intervene, layers, heads } = subject();
    const own = () => ({
      tokens: Int32Array.from(model.ids),
      logits: 'last' as const,
      intervention: intervene([{ start: 0, end: 5 }], 'boost', 2),
      spans: [{ start: 0, end: 5 }],
      silenced: new Uint8Array(layers * heads),
      taps: { attention: [0], hidden: [0] },
    });
    const forward = (request: ReturnType<typeof own>) => {
      const sequence = executor.open(72);
      const result = executor.forward([{ sequence, ...request }]);
      return { result, dispose: () => sequence.dispose() };
    };
    const alone = forward(own());
    const [expected] = await alone.result;
    alone.dispose();
    const request = own();
    const changed = forward(request);
    request.tokens.fill(executor.blueprint.vocabSize + 1_000_000);
    request.intervention.strength.fill(3);
    Object.assign(request.intervention.target[0]!, { start: 5, end: 9 });
    Object.assign(request.spans[0]!, { start: 5, end: 900 });
    request.silenced.fill(1);
    request.taps.attention[0] = 1000;
    request.taps.hidden[0] = 1000;
    const [result] = await changed.result;
    changed.dispose();
    expect(result).toEqual(expected);
  });

  it('refuses a sequence that is in use, of another executor or of no size, and everything after its disposal', async () => {
    const { executor } = subject();
    const sequence = executor.open(80);
    const request: ForwardRequest = { sequence, tokens: [1], logits: 'none' };
    await expect(executor.forward([request, request])).rejects.toMatchObject({ code: 'E_BUSY' });
    const running = executor.forward([request]);
    expect(() => sequence.truncate(0)).toThrow(expect.objectContaining({ code: 'E_BUSY' }));
    await expect(executor.forward([request])).rejects.toMatchObject({ code: 'E_BUSY' });
    await running;
    expect(sequence.length).toBe(1);
    for (const length of [0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => sequence.truncate(length)).toThrow(expect.objectContaining({ code: 'E_TOKEN_RANGE' }));
    }
    expect(sequence.length).toBe(1);
    sequence.truncate(-1);
    expect(sequence.length).toBe(0);
    for (const size of [0, -1, 1.5, Number.NaN, 1e15]) {
      if (size < 1e15 || name === 'cpu') {
        expect(() => executor.open(size), `${size}`).toThrow(expect.objectContaining({ code: 'E_EXECUTOR' }));
      }
    }
    const other = await createAndClose(create, openFamily(family));
    await expect(other.forward([request])).rejects.toMatchObject({ code: 'E_EXECUTOR' });
    const own = other.open(8);
    await other.dispose();
    await expect(other.forward([{ ...request, sequence: own }])).rejects.toMatchObject({
      code: 'E_DISPOSED',
    });
    expect(() => other.open(8)).toThrow(expect.objectContaining({ code: 'E_DISPOSED' }));
  });

  it('refuses invalid requests and leaves the sequence unchanged', async () => {
    const { executor, model, layers, heads, intervene } = subject();
    const sequence = executor.open(80);
    await executor.forward([{ sequence, tokens: model.ids, logits: 'none' }]);
    const refuse = async (extras: Partial<ForwardRequest>, code: string): Promise<void> => {
      await expect(
        executor.forward([{ sequence, tokens: [1], logits: 'last', ...extras }]),
      ).rejects.toMatchObject({ code });
      expect(sequence.length).toBe(72);
    };
    await refuse({ tokens: [] }, 'E_TOKEN_RANGE');
    await refuse({ tokens: [-1] }, 'E_TOKEN_RANGE');
    await refuse({ tokens: [0.5] }, 'E_TOKEN_RANGE');
    await refuse({ tokens: [Number.NaN] }, 'E_TOKEN_RANGE');
    await refuse({ tokens: [2 ** 32 + 3] }, 'E_TOKEN_RANGE');
    await refuse({ tokens: [executor.blueprint.vocabSize] }, 'E_TOKEN_RANGE');
    await refuse({ tokens: Array<number>(9).fill(1) }, 'E_CONTEXT_FULL');
    await refuse({ intervention: intervene([{ start: 5, end: 3 }], 'boost', 2) }, 'E_TARGET');
    await refuse({ silenced: new Uint8Array(layers * heads - 1) }, 'E_STRENGTH');
    await refuse({ taps: { attention: [layers] } }, 'E_EXECUTOR');
    const aborted = AbortSignal.abort();
    await expect(
      executor.forward([{ sequence, tokens: [1], logits: 'last' }], { signal: aborted }),
    ).rejects.toMatchObject({ code: 'E_ABORTED' });
    expect(sequence.length).toBe(72);
    sequence.dispose();
    await expect(executor.forward([{ sequence, tokens: [1], logits: 'last' }])).rejects.toMatchObject({
      code: 'E_DISPOSED',
    });
  });
}
