import { expect, it } from 'vitest';
import { mapShare } from '../../src/attention/index.js';
import type { FamilyName } from '../support/families.js';
import { EXAMPLES, EXTREMES, IDENTITIES } from '../support/policy-cases.js';
import { golden, openFamily, withoutHeads } from './fixtures.js';
import {
  type CreateExecutor,
  createAndClose,
  type Extras,
  type Joined,
  mixedRow,
  randomChunks,
  runChunks,
} from './runs.js';
import { subjectOf } from './subject.js';

/** Tests of policies and silence, which depend on the shape of a head. */
export function shapeSuite(family: FamilyName, create: CreateExecutor): void {
  const subject = subjectOf(family, create);
  /** The untouched run that all identities are compared with. */
  const chunks = randomChunks(golden(family).ids.length, 3);
  let untouchedRun: Promise<Joined> | undefined;

  it.each(IDENTITIES)(
    'invariant 1: %s at %d gives the untouched logits bit for bit',
    async (policy, strength) => {
      const { model, run, intervene } = subject();
      untouchedRun ??= run(model.ids, chunks);
      const untouched = await untouchedRun;
      for (const target of [
        [{ start: 0, end: 18 }],
        [
          { start: 3, end: 9 },
          { start: 20, end: 30 },
        ],
      ]) {
        const result = await run(model.ids, chunks, { intervention: intervene(target, policy, strength) });
        expect(result.logits).toEqual(untouched.logits);
        expect(result.touched.every((count) => count === 0)).toBe(true);
      }
    },
  );

  it('invariant 3: under every policy, one block, random chunks and single tokens give the same logits and shares', async () => {
    const { model, run, intervene, expectLogits, expectShares } = subject();
    const target = [
      { start: 2, end: 12 },
      { start: 30, end: 50 },
    ];
    for (const [policy, strength] of EXAMPLES) {
      const intervention = intervene(target, policy, strength);
      const block = await run(model.ids, [72], { intervention });
      for (const chunks of [randomChunks(72, 13), Array<number>(72).fill(1)]) {
        const result = await run(model.ids, chunks, { intervention });
        const what = `${policy} in ${chunks.length} chunks`;
        expectLogits(result.logits, block.logits, what, 1e-4);
        expectShares(result.before, block.before, `${what}: before`, 1e-5);
        expectShares(result.after, block.after, `${what}: after`, 1e-5);
      }
    }
  });

  it('invariant 4: a probe on a branch, rewound, leaves no trace', async () => {
    const { executor, model, run, intervene } = subject();
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

  it('invariant 6: a target that no row sees together with another key changes nothing, and is reported', async () => {
    const { model, layers, run, intervene } = subject();
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

  it.each(EXTREMES)(
    'invariant 7: %s at its strongest, %d, stays finite and follows its formula',
    async (policy, strength) => {
      const { executor, model, run, intervene, expectShares } = subject();
      const target = { start: 0, end: 18 };
      const result = await run(model.ids, randomChunks(72, 2), {
        intervention: intervene([target], policy, strength),
      });
      expect(result.logits.every(Number.isFinite)).toBe(true);
      const expected = result.before.map((share, pair) =>
        mixedRow(executor, pair, 72, target) ? mapShare(policy, share, strength) : share,
      );
      expectShares(result.after, expected, `${policy} at its strongest`, 1e-5);
    },
  );

  it('silences heads: the result is that of a model whose output projection does not read them', async () => {
    const { model, layers, heads, run, intervene, expectLogits, expectShares } = subject();
    const pairs = Array.from({ length: layers * heads }, (_, pair) => pair);
    const intervention = intervene([{ start: 0, end: 18 }], 'split-softmax', 0.5);
    const kinds: readonly Extras[] = [{}, { intervention }];
    const heard: Joined[] = [];
    for (const extras of kinds) heard.push(await run(model.ids, [72], extras));
    for (const [what, chosen] of [
      ['one head', [heads + 1]],
      ['three heads', [0, heads - 1, layers * heads - 2]],
      ['all heads', pairs],
    ] as const) {
      const deaf = await createAndClose(create, withoutHeads(await openFamily(family), chosen));
      const silenced = Uint8Array.from(pairs, (pair) => (chosen.includes(pair) ? 1 : 0));
      for (const [kind, extras] of kinds.entries()) {
        const expected = await runChunks(deaf, deaf.open(512), model.ids, [72], extras);
        expect(expected.logits, what).not.toEqual(heard[kind]!.logits);
        for (const chunks of [[72], [40, ...Array<number>(32).fill(1)]]) {
          const result = await run(model.ids, chunks, { ...extras, silenced });
          expectLogits(result.logits, expected.logits, `${what} in ${chunks.length} chunks`, 1e-4);
          expectShares(result.before, expected.before, what, 1e-5);
          expectShares(result.after, expected.after, what, 1e-5);
        }
      }
      await deaf.dispose();
    }
    const none = await run(model.ids, [72], { silenced: new Uint8Array(layers * heads) });
    expect(none.logits).toEqual(heard[0]!.logits);
  });

  it('still measures the attention of a silenced head', async () => {
    const { model, layers, heads, run, intervene } = subject();
    // The heads of the first layer see the same states, silenced or not.
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
}
