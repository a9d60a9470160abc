import { describe, expect, it } from 'vitest';
import { mapShare } from '../../src/attention/index.js';
import type { Intervention } from '../../src/executors/index.js';
import { FAMILIES, type FamilyName } from '../support/families.js';
import { EXAMPLES } from '../support/policy-cases.js';
import { argmax, expectClose, shapeName, spread } from './compare.js';
import { contractSuite } from './contract.js';
import { caseStrengths, pickRows, range, SHAPES } from './fixtures.js';
import { shapeSuite } from './heads.js';
import { type CreateExecutor, LOGITS, mixedRow, randomChunks, SHARES } from './runs.js';
import { type Subject, subjectOf } from './subject.js';
import { ggufSuite, variantSuite } from './variants.js';

/**
 * Every executor passes this suite: the golden runs of each family and the seven invariants of shares. A test runs on
 * every family if its claim depends on the family, on `SHAPES` if it depends on the shape of a head, and otherwise on one.
 */
export function conformance(name: string, create: CreateExecutor): void {
  describe(`${name} executor`, () => {
    for (const family of SHAPES) describe(`heads of ${family}`, () => shapeSuite(family, create));
    for (const family of FAMILIES) describe(family, () => familySuite(family, create));
    describe('contract', () => contractSuite(name, 'llama', create));
    describe('variants of a family', () => variantSuite(create));
    describe('GGUF files', () => ggufSuite(create));
  });
}

/** Tests that depend on the family: golden runs, and shares for any division into chunks. */
export function familySuite(family: FamilyName, create: CreateExecutor): void {
  const subject = subjectOf(family, create);
  goldenSuite(subject);
  shareSuite(subject);
}

/** Logits, attention, hidden states, shares and continuations of the golden runs. */
export function goldenSuite(subject: () => Subject): void {
  it('gives the golden logits, attention rows and hidden states without an intervention', async () => {
    const { model, tensor, layers, heads, run, expectGoldenLogits } = subject();
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

  it('gives the golden logits and shares of every case, and of one case also token by token', async () => {
    const { model, tensor, layers, heads, run, expectGoldenLogits, expectShares } = subject();
    const rows = model.ids.length;
    for (const golden of model.cases) {
      const intervention: Intervention = {
        target: [range(golden.target)],
        policy: golden.policy,
        strength: caseStrengths(golden, layers, heads),
      };
      // The case in which every head has a different strength.
      const single = typeof golden.strength === 'number' ? [] : [Array<number>(rows).fill(1)];
      for (const chunks of [[rows], ...single]) {
        const what = `case ${golden.case} in ${chunks.length} chunks:`;
        const result = await run(model.ids, chunks, { intervention });
        await expectGoldenLogits(result.logits, `case${golden.case}.logits`, what);
        expectShares(result.before, await tensor(`case${golden.case}.share_before`), `${what} before`);
        expectShares(result.after, await tensor(`case${golden.case}.share_after`), `${what} after`);
      }
    }
  });

  it('continues greedily with the golden tokens, untouched and under split-softmax', async () => {
    const { executor, model, intervene } = subject();
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
}

/** What holds for shares: their sum, their map, their independence of chunks, and the count of rows that changed. */
export function shareSuite(subject: () => Subject): void {
  it.each(EXAMPLES)(
    'invariant 2: under %s %d shares sum to one before and after, and the share after is its map of the share before',
    async (policy, strength) => {
      const { executor, model, layers, heads, run, intervene, expectShares } = subject();
      const spans = [
        [0, 1],
        [1, 5],
        [5, 18],
        [18, 40],
        [40, 41],
        [41, 72],
      ].map((pair) => range(pair as [number, number]));
      // The target cuts through two spans, so that each of them is on both sides.
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
    },
  );

  it("invariant 2: the shares of the spans inside the target add up to the target's share, before and after", async () => {
    const { model, run, intervene, expectShares } = subject();
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
    const { model, run, intervene, expectLogits, expectShares } = subject();
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

  it('invariant 6: counts the rows that see a key inside the target and one outside', async () => {
    const { executor, model, layers, heads, run, intervene } = subject();
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
}
