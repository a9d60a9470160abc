import { beforeAll, describe, expect, it } from 'vitest';
import type { Policy, TokenRange } from '../../src/attention/index.js';
import { changedPairs, mapShare } from '../../src/attention/index.js';
import { checkSampling, createSampler, type SamplingOptions } from '../../src/engine/index.js';
import {
  candidatesOf,
  type Executor,
  type ForwardRequest,
  type ForwardResult,
  type Intervention,
  type Sequence,
} from '../../src/executors/index.js';
import { EXAMPLES, EXTREMES, IDENTITIES } from '../support/policy-cases.js';
import { argmax, expectClose, shapeName, spread } from './compare.js';
import {
  caseStrengths,
  FAMILIES,
  type Family,
  type GoldenModel,
  golden,
  goldenFamily,
  goldenGguf,
  type OpenedModel,
  openFamily,
  openGgufFixture,
  pickRows,
  range,
  withoutHeads,
} from './fixtures.js';

export type CreateExecutor = (model: OpenedModel) => Promise<Executor>;

/** Executors read all they need when they are made, so the files can be closed then. */
async function createAndClose(create: CreateExecutor, opened: Promise<OpenedModel>): Promise<Executor> {
  const model = await opened;
  const executor = await create(model);
  await model.files.close();
  return executor;
}

/** Tolerances of the contract: logits relative to their spread, shares absolute. */
const LOGITS = 1e-3;
const SHARES = 1e-4;

type Extras = Omit<Partial<ForwardRequest>, 'sequence' | 'tokens'>;

/** Every executor passes this suite: the golden runs of each family, and the seven invariants of shares. */
export function conformance(
  name: string,
  create: CreateExecutor,
  families: readonly Family[] = FAMILIES,
): void {
  describe(`${name} executor`, () => {
    for (const family of families) describe(family, () => familySuite(name, family, create));
    describe('variants of a family', () => variantSuite(create));
    describe('GGUF files', () => ggufSuite(create));
  });
}

function familySuite(name: string, family: Family, create: CreateExecutor): void {
  let executor: Executor;
  let model: GoldenModel;
  let tensor: (name: string) => Promise<Float32Array>;
  let layers: number;
  let heads: number;

  beforeAll(async () => {
    executor = await createAndClose(create, openFamily(family));
    model = golden(family);
    tensor = await goldenFamily(family);
    layers = executor.blueprint.layers.length;
    heads = executor.blueprint.layers[0]!.attention.heads;
    return () => executor.dispose();
  });

  const run = (tokens: readonly number[], chunks: readonly number[], extras: Extras = {}): Promise<Joined> =>
    runChunks(executor, executor.open(512), tokens, chunks, extras);
  const intervene = (target: readonly TokenRange[], policy: Policy, strength: number): Intervention => ({
    target,
    policy,
    strength: new Float32Array(layers * heads).fill(strength),
  });
  const expectLogits = (
    actual: Float32Array,
    expected: Float32Array,
    what: string,
    tolerance = LOGITS,
  ): void =>
    expectClose(
      actual,
      expected,
      tolerance * spread(expected),
      `${what} logits`,
      shapeName([
        ['row', actual.length / executor.blueprint.vocabSize],
        ['token', executor.blueprint.vocabSize],
      ]),
    );
  const expectGoldenLogits = async (actual: Float32Array, name: string, what: string): Promise<void> => {
    const { vocabSize } = executor.blueprint;
    expectLogits(pickRows(actual, model.rows, model.ids.length, vocabSize), await tensor(name), what);
  };
  const expectShares = (
    actual: Float32Array,
    expected: Float32Array,
    what: string,
    tolerance = SHARES,
  ): void =>
    expectClose(
      actual,
      expected,
      tolerance,
      `${what} shares`,
      shapeName([
        ['layer', layers],
        ['head', heads],
        ['row', actual.length / layers / heads],
      ]),
    );

  it('gives the golden logits, attention rows and hidden states without an intervention', async () => {
    const result = await run(model.ids, [model.ids.length], {
      taps: {
        attention: Array.from({ length: layers }, (_, i) => i),
        hidden: Array.from({ length: layers + 1 }, (_, i) => i),
      },
    });
    await expectGoldenLogits(result.logits, 'logits', 'untouched');
    const attention = await tensor('attention');
    const perLayer = attention.length / layers;
    const tokens = model.ids.length;
    for (let layer = 0; layer < layers; layer++) {
      const expected = attention.subarray(layer * perLayer, (layer + 1) * perLayer);
      expectClose(
        pickRows(result.attention.get(layer)!, model.rows, tokens, tokens),
        expected,
        SHARES,
        `attention of layer ${layer}`,
        shapeName([
          ['head', heads],
          ['recorded row', model.rows.length],
          ['key', tokens],
        ]),
      );
    }
    for (let i = 0; i <= layers; i++) {
      const expected = await tensor(`hidden.${i}`);
      expectClose(result.hidden.get(i)!, expected, LOGITS * spread(expected), `hidden ${i}`);
    }
  });

  it('gives the golden logits and shares of every case, in one block, in chunks and token by token', async () => {
    const rows = model.ids.length;
    for (const golden of model.cases) {
      const intervention: Intervention = {
        target: [range(golden.target)],
        policy: golden.policy,
        strength: caseStrengths(golden, layers, heads),
      };
      for (const chunks of [[rows], randomChunks(rows, golden.case + 1), Array<number>(rows).fill(1)]) {
        const what = `case ${golden.case} in ${chunks.length} chunks:`;
        const result = await run(model.ids, chunks, { intervention });
        await expectGoldenLogits(result.logits, `case${golden.case}.logits`, what);
        expectShares(result.before, await tensor(`case${golden.case}.share_before`), `${what} before`);
        expectShares(result.after, await tensor(`case${golden.case}.share_after`), `${what} after`);
      }
    }
  });

  it('continues greedily with the golden tokens, untouched and under split-softmax', async () => {
    const split = intervene([{ start: 0, end: 18 }], 'split-softmax', 0.5);
    for (const [key, intervention] of [
      ['off', undefined],
      ['split-softmax 0.5 on [0,18)', split],
    ] as const) {
      const sequence = executor.open(512);
      let tokens: readonly number[] = model.ids;
      const generated: number[] = [];
      while (generated.length < 24) {
        const [result] = await executor.forward([
          { sequence, tokens, logits: 'last', ...(intervention ? { intervention } : {}) },
        ]);
        tokens = [argmax(result!.logits)];
        generated.push(tokens[0]!);
      }
      expect(generated, key).toEqual(model.greedy[key]);
      sequence.dispose();
    }
  });

  it('invariant 1: off, and strengths that change nothing, give the untouched logits bit for bit', async () => {
    const chunks = randomChunks(model.ids.length, 3);
    const untouched = await run(model.ids, chunks);
    for (const [policy, strength] of IDENTITIES) {
      for (const target of [
        [{ start: 0, end: 18 }],
        [
          { start: 3, end: 9 },
          { start: 20, end: 30 },
        ],
      ]) {
        const result = await run(model.ids, chunks, { intervention: intervene(target, policy, strength) });
        expect(result.logits, `${policy} ${strength}`).toEqual(untouched.logits);
        expect(result.touched.every((count) => count === 0)).toBe(true);
      }
    }
  });

  it('invariant 2: shares sum to one before and after, and the share after is the policy of the share before', async () => {
    const spans = [
      [0, 1],
      [1, 5],
      [5, 18],
      [18, 40],
      [40, 41],
      [41, 72],
    ].map((pair) => range(pair as [number, number]));
    for (const [policy, strength] of EXAMPLES) {
      // The target cuts through two spans, so that a span may lie on both sides.
      const target = [{ start: 3, end: 20 }];
      const result = await run(model.ids, randomChunks(72, 5), {
        intervention: intervene(target, policy, strength),
        spans,
      });
      for (const [when, shares] of [
        ['before', result.spanBefore],
        ['after', result.spanAfter],
      ] as const) {
        const sums = Float32Array.from({ length: layers * heads * 72 }, (_, pair) => {
          let sum = 0;
          for (let g = 0; g < spans.length; g++) sum += shares[pair * spans.length + g]!;
          return sum;
        });
        expectShares(sums, new Float32Array(sums.length).fill(1), `${policy}: sum ${when}`, 1e-5);
      }
      const expected = result.before.map((share, pair) =>
        mixedRow(executor, pair, 72, target[0]!) ? mapShare(policy, share, strength) : share,
      );
      expectShares(result.after, expected, `${policy}: after`, 1e-5);
    }
  });

  it('invariant 2: the shares of the spans inside the target add up to its share, before and after', async () => {
    const intervention = intervene([{ start: 1, end: 18 }], 'split-softmax', 0.5);
    const spans = [
      { start: 1, end: 7 },
      { start: 7, end: 18 },
    ];
    const result = await run(model.ids, [30, 42], { intervention, spans });
    const added = (shares: Float32Array) =>
      Float32Array.from(
        { length: shares.length / 2 },
        (_, pair) => shares[2 * pair]! + shares[2 * pair + 1]!,
      );
    expectShares(added(result.spanBefore), result.before, 'before', 1e-5);
    expectShares(added(result.spanAfter), result.after, 'after', 1e-5);
  });

  it('invariant 3: one block, random chunks and single tokens give the same logits and shares', async () => {
    const intervention = intervene(
      [
        { start: 2, end: 12 },
        { start: 30, end: 50 },
      ],
      'split-softmax',
      0.6,
    );
    const spans = [
      { start: 0, end: 12 },
      { start: 12, end: 45 },
      { start: 45, end: 72 },
    ];
    const block = await run(model.ids, [72], { intervention, spans });
    for (const chunks of [randomChunks(72, 11), randomChunks(72, 12), Array<number>(72).fill(1)]) {
      const result = await run(model.ids, chunks, { intervention, spans });
      expectLogits(result.logits, block.logits, `${chunks.length} chunks`, 1e-4);
      expectShares(result.before, block.before, 'before', 1e-5);
      expectShares(result.after, block.after, 'after', 1e-5);
      expectClose(result.spanBefore, block.spanBefore, 1e-5, 'span shares before');
      expectClose(result.spanAfter, block.spanAfter, 1e-5, 'span shares after');
    }
  });

  it('invariant 4: a probe on a branch, rewound, leaves no trace', async () => {
    const intervention = intervene([{ start: 0, end: 18 }], 'split-softmax', 0.5);
    const plain = await run(model.ids, [40, 32], { intervention });
    const sequence = executor.open(512);
    const start = await runChunks(executor, sequence, model.ids.slice(0, 40), [40], { intervention });
    await runChunks(executor, sequence, [7, 9, 11, 13, 15], [2, 3], { intervention });
    sequence.truncate(40);
    expect(sequence.length).toBe(40);
    const rest = await runChunks(executor, sequence, model.ids.slice(40), [32], { intervention });
    const { vocabSize } = executor.blueprint;
    expect(start.logits).toEqual(plain.logits.subarray(0, 40 * vocabSize));
    expect(rest.logits).toEqual(plain.logits.subarray(40 * vocabSize));
  });

  it('picks the tokens that a draw can reach as the logits say', async () => {
    const draws: readonly SamplingOptions[] = [
      { temperature: 0 },
      { temperature: 0.7, topP: 0.95 },
      { temperature: 1, topP: 0.5 },
      { temperature: 1, topK: 20, topP: 0.9 },
      { temperature: 2, topP: 1, minP: 0.4 },
      { temperature: 1, topK: 100_000, topP: 0.99 },
    ];
    // The row that the candidates are of, as the same kernels give it: for all rows at once they may round otherwise.
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
        // How far both go beyond what a draw reaches is theirs.
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

  it('invariant 4: two sequences on one model do not see each other', async () => {
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

  it('invariant 4: callers that do not wait for each other get what they would have got alone', async () => {
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

  it('lets timers have their turn between passes that follow each other at once', async () => {
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

  it('invariant 6: a target that no row can see beside something else touches nothing, and says so', async () => {
    const beyond = await run(model.ids, [72], {
      intervention: intervene([{ start: 90, end: 99 }], 'split-softmax', 0.5),
    });
    const untouched = await run(model.ids, [72]);
    expect([...beyond.touched]).toEqual(Array<number>(layers).fill(0));
    expect(beyond.logits).toEqual(untouched.logits);
    const whole = await run(model.ids, [72], {
      intervention: intervene([{ start: 0, end: 72 }], 'boost', 5),
    });
    expect([...whole.touched]).toEqual(Array<number>(layers).fill(0));
    expect(whole.logits).toEqual(untouched.logits);
  });

  it('invariant 6: counts the rows that see a key inside the target and one outside', async () => {
    const target = { start: 4, end: 18 };
    const result = await run(model.ids, randomChunks(72, 8), {
      intervention: intervene([target], 'boost', 2),
    });
    const expected = Array<number>(layers).fill(0);
    for (let pair = 0; pair < layers * heads * 72; pair++) {
      if (mixedRow(executor, pair, 72, target)) expected[Math.floor(pair / heads / 72)]!++;
    }
    expect([...result.touched]).toEqual(expected);
  });

  it('invariant 7: every policy at its strongest stays finite, and does what its formula says', async () => {
    const target = { start: 0, end: 18 };
    for (const [policy, strength] of EXTREMES) {
      const result = await run(model.ids, randomChunks(72, 2), {
        intervention: intervene([target], policy, strength),
      });
      expect(result.logits.every(Number.isFinite), policy).toBe(true);
      const expected = result.before.map((share, pair) =>
        mixedRow(executor, pair, 72, target) ? mapShare(policy, share, strength) : share,
      );
      expectShares(result.after, expected, `${policy} at its strongest`, 1e-5);
    }
  });

  it('silences heads: what comes out is what a model gives whose output projection does not read them', async () => {
    const pairs = Array.from({ length: layers * heads }, (_, pair) => pair);
    const intervention = intervene([{ start: 0, end: 18 }], 'split-softmax', 0.5);
    for (const [what, chosen] of [
      ['one head', [heads + 1]],
      ['three heads', [0, heads - 1, layers * heads - 2]],
      ['all heads', pairs],
    ] as const) {
      const deaf = await createAndClose(create, withoutHeads(await openFamily(family), chosen));
      const silenced = Uint8Array.from(pairs, (pair) => (chosen.includes(pair) ? 1 : 0));
      for (const extras of [{}, { intervention }]) {
        const expected = await runChunks(deaf, deaf.open(512), model.ids, [72], extras);
        const untouched = await run(model.ids, [72], extras);
        expect(expected.logits, what).not.toEqual(untouched.logits);
        for (const chunks of [[72], randomChunks(72, 21), Array<number>(72).fill(1)]) {
          const result = await run(model.ids, chunks, { ...extras, silenced });
          expectLogits(result.logits, expected.logits, `${what} in ${chunks.length} chunks`, 1e-4);
          expectShares(result.before, expected.before, what, 1e-5);
          expectShares(result.after, expected.after, what, 1e-5);
        }
      }
      await deaf.dispose();
    }
    const none = await run(model.ids, [72], { silenced: new Uint8Array(layers * heads) });
    expect(none.logits).toEqual((await run(model.ids, [72])).logits);
  });

  it('goes on measuring what a silenced head attends to', async () => {
    // The first layer's heads see the same states, silenced or not.
    const silenced = Uint8Array.from({ length: layers * heads }, (_, pair) => (pair < heads ? 1 : 0));
    const spans = [
      { start: 0, end: 18 },
      { start: 18, end: 72 },
    ];
    const extras: Extras = {
      intervention: intervene([{ start: 0, end: 18 }], 'boost', 3),
      spans,
      taps: { attention: [0] },
    };
    const heard = await run(model.ids, [72], extras);
    const result = await run(model.ids, [72], { ...extras, silenced });
    const first = heads * 72;
    expect(result.before.subarray(0, first)).toEqual(heard.before.subarray(0, first));
    expect(result.after.subarray(0, first)).toEqual(heard.after.subarray(0, first));
    expect(result.spanAfter.subarray(0, 2 * first)).toEqual(heard.spanAfter.subarray(0, 2 * first));
    expect(result.attention.get(0)).toEqual(heard.attention.get(0));
    expect(result.touched).toEqual(heard.touched);
    expect(result.logits).not.toEqual(heard.logits);
  });

  it('runs a list of sequences, and leaves all of them as they were when one fails', async () => {
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

  it('refuses a sequence in use, of another executor, or of no size, and everything after its disposal', async () => {
    const sequence = executor.open(80);
    const request: ForwardRequest = { sequence, tokens: [1], logits: 'none' };
    await expect(executor.forward([request, request])).rejects.toMatchObject({ code: 'E_BUSY' });
    const running = executor.forward([request]);
    await expect(executor.forward([request])).rejects.toMatchObject({ code: 'E_BUSY' });
    await running;
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

  it('refuses bad requests and leaves the sequence as it was', async () => {
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

/** What a family can be besides what its own fixture is. */
function variantSuite(create: CreateExecutor): void {
  it.each([
    // SmolLM3 with a list of layers without rope, and windows on them.
    ['smollm3-nope', 512],
    // Phi-3 in a context within the original length.
    ['phi3-short', 96],
  ] as const)('%s gives the golden logits and shares of every case', async (name, contextLength) => {
    const executor = await createAndClose(create, openFamily(name));
    const { ids, rows, cases } = golden(name);
    const tensor = await goldenFamily(name);
    const { layers, vocabSize } = executor.blueprint;
    const { heads } = layers[0]!.attention;
    const expectGolden = async (prefix: string, extras: Extras): Promise<void> => {
      const result = await runChunks(executor, executor.open(contextLength), ids, [40, 32], extras);
      const logits = await tensor(`${prefix}logits`);
      const recorded = pickRows(result.logits, rows, ids.length, vocabSize);
      expectClose(recorded, logits, LOGITS * spread(logits), `${prefix}logits`);
      if (extras.intervention === undefined) return;
      expectClose(result.before, await tensor(`${prefix}share_before`), SHARES, `${prefix}share_before`);
      expectClose(result.after, await tensor(`${prefix}share_after`), SHARES, `${prefix}share_after`);
    };
    await expectGolden('', {});
    for (const golden of cases) {
      const strength = caseStrengths(golden, layers.length, heads);
      const intervention = { target: [range(golden.target)], policy: golden.policy, strength };
      await expectGolden(`case${golden.case}.`, { intervention });
    }
    await executor.dispose();
  });
}

function ggufSuite(create: CreateExecutor): void {
  const files = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1'].map((type) => `llama.${type}`);
  const families = [
    'qwen3.F16',
    'gemma3.Q8_0',
    'gemma2.F16',
    'smollm3.F16',
    'phi3.F16',
    'olmo2.F16',
    'granite.F16',
  ];
  it.each([...files, ...families])('%s gives the golden logits, untouched and split', async (name) => {
    const executor = await createAndClose(create, openGgufFixture(name));
    const tensor = await goldenGguf(name);
    const { ids, rows } = golden(name.split('.')[0] as Family);
    const strength = new Float32Array(
      executor.blueprint.layers.reduce((sum, layer) => sum + layer.attention.heads, 0),
    ).fill(0.5);
    const intervention: Intervention = {
      target: [{ start: 0, end: 18 }],
      policy: 'split-softmax',
      strength,
    };
    for (const [key, extras] of [
      ['logits', {}],
      ['split0.5.logits', { intervention }],
    ] as const) {
      const expected = await tensor(`${name}.gguf.${key}`);
      const { logits } = await runChunks(executor, executor.open(512), ids, [ids.length], extras);
      const recorded = pickRows(logits, rows, ids.length, executor.blueprint.vocabSize);
      expectClose(recorded, expected, LOGITS * spread(expected), `${name}.gguf.${key}`);
    }
    await executor.dispose();
  });
}

/** Whether a (layer, head, row) pair sees a key inside the target and one outside. */
function mixedRow(executor: Executor, pair: number, rows: number, target: TokenRange): boolean {
  const row = pair % rows;
  const heads = executor.blueprint.layers[0]!.attention.heads;
  const { window } = executor.blueprint.layers[Math.floor(pair / rows / heads)]!.attention;
  const first = window === null ? 0 : Math.max(0, row - window + 1);
  const inside = Math.min(target.end, row + 1) - Math.max(target.start, first);
  return inside > 0 && inside < row + 1 - first;
}

/** Results of several forward passes, put together along the rows. */
interface Joined {
  readonly logits: Float32Array;
  readonly before: Float32Array;
  readonly after: Float32Array;
  readonly spanBefore: Float32Array;
  readonly spanAfter: Float32Array;
  readonly touched: Int32Array;
  readonly attention: ReadonlyMap<number, Float32Array>;
  readonly hidden: ReadonlyMap<number, Float32Array>;
}

async function runChunks(
  executor: Executor,
  sequence: Sequence,
  tokens: readonly number[],
  chunks: readonly number[],
  extras: Extras,
): Promise<Joined> {
  const results: ForwardResult[] = [];
  let start = 0;
  for (const size of chunks) {
    const [result] = await executor.forward([
      { sequence, tokens: tokens.slice(start, start + size), logits: 'all', ...extras },
    ]);
    results.push(result!);
    start += size;
  }
  const pairs = executor.blueprint.layers.reduce((sum, layer) => sum + layer.attention.heads, 0);
  const joinRows = (parts: (Float32Array | undefined)[], width: number): Float32Array => {
    const joined = new Float32Array(pairs * tokens.length * width);
    let row = 0;
    for (const [chunk, part] of parts.entries()) {
      const rows = chunks[chunk]!;
      for (let pair = 0; part && pair < pairs; pair++) {
        joined.set(
          part.subarray(pair * rows * width, (pair + 1) * rows * width),
          (pair * tokens.length + row) * width,
        );
      }
      row += rows;
    }
    return joined;
  };
  const spans = extras.spans?.length ?? 0;
  return {
    logits: Float32Array.from(results.flatMap((result) => [...result.logits])),
    before: joinRows(
      results.map((r) => r.targetShares?.before),
      1,
    ),
    after: joinRows(
      results.map((r) => r.targetShares?.after),
      1,
    ),
    spanBefore: joinRows(
      results.map((r) => r.spanShares?.before),
      spans,
    ),
    spanAfter: joinRows(
      results.map((r) => r.spanShares?.after),
      spans,
    ),
    touched: results.reduce((sum, { targetShares }) => {
      const changed = targetShares && changedPairs(targetShares, sum.length);
      return sum.map((count, layer) => count + (changed?.[layer] ?? 0));
    }, new Int32Array(executor.blueprint.layers.length)),
    attention: results[0]!.attention,
    hidden: results[0]!.hidden,
  };
}

/** Chunk sizes from 1 to 16 that add up to `total`, from a seed. */
function randomChunks(total: number, seed: number): number[] {
  const chunks: number[] = [];
  let state = seed;
  for (let left = total; left > 0; ) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const size = Math.min(left, 1 + ((state >>> 16) % 16));
    chunks.push(size);
    left -= size;
  }
  return chunks;
}
