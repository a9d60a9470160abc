import { afterAll, describe, expect, it } from 'vitest';
import type { ModelPlan } from '../../src/architectures/index.js';
import { changedPairs, mapShare, type Policy } from '../../src/attention/index.js';
import { openDawn } from '../../src/dawn.js';
import { createCpuExecutor } from '../../src/executors/cpu/index.js';
import { createGpuExecutor } from '../../src/executors/gpu/index.js';
import {
  createReferenceExecutor,
  type Executor,
  type ForwardRequest,
  type ForwardResult,
  type Intervention,
} from '../../src/executors/index.js';
import type { Checkpoint } from '../../src/formats/index.js';
import { gpuFound } from '../support/gpu.js';
import { EXAMPLES, type PolicyCase } from '../support/policy-cases.js';
import { expectClose, shapeName, spread } from './compare.js';
import { FAMILIES, type Family, golden, type OpenedModel, openFamily } from './fixtures.js';

/**
 * Executors beside the reference where softmax is hard: the models' attention scales are multiplied until
 * logits lie hundreds apart, most shares underflow in f32 and rows are all but one-hot.
 */
const TARGET = { start: 3, end: 18 };
const CASES: readonly PolicyCase[] = [
  ['split-softmax', 0.01],
  ['split-softmax', 0],
  ['boost', 50],
  ...EXAMPLES.filter(([policy]) => policy !== 'boost'),
];

/** Multiplies the scale of every layer's attention. */
function scaled({ plan, files }: OpenedModel, factor: number): OpenedModel {
  const layers = plan.blueprint.layers.map((layer) => ({
    ...layer,
    attention: { ...layer.attention, scale: factor * layer.attention.scale },
  }));
  return { plan: { ...plan, blueprint: { ...plan.blueprint, layers } }, files };
}

const CREATE = {
  cpu: (plan: ModelPlan, checkpoint: Checkpoint) => createCpuExecutor(plan, checkpoint, { precision: 'f32' }),
  gpu: async (plan: ModelPlan, checkpoint: Checkpoint) =>
    createGpuExecutor(await openDawn(), plan, checkpoint, { precision: 'f32' }),
};
type Name = keyof typeof CREATE;

interface Pair {
  /** The one that is looked at. */
  readonly own: Executor;
  readonly reference: Executor;
  readonly ids: readonly number[];
  readonly layers: number;
  readonly heads: number;
}

const opened = new Map<Family, Promise<OpenedModel>>();
afterAll(async () => {
  for (const model of opened.values()) await (await model).files.close();
});

async function openPair(family: Family, factor: number, name: Name = 'cpu'): Promise<Pair> {
  if (!opened.has(family)) opened.set(family, openFamily(family));
  const { plan, files } = scaled(await opened.get(family)!, factor);
  return {
    own: await CREATE[name](plan, files.checkpoint),
    reference: await createReferenceExecutor(plan, files.checkpoint),
    ids: golden(family).ids,
    layers: plan.blueprint.layers.length,
    heads: plan.blueprint.layers[0]!.attention.heads,
  };
}

const everywhere = ({ layers, heads }: Pair, policy: Policy, strength: number): Intervention => ({
  target: [TARGET],
  policy,
  strength: new Float32Array(layers * heads).fill(strength),
});

type Extras = Omit<Partial<ForwardRequest>, 'sequence' | 'tokens'>;

async function run(executor: Executor, ids: readonly number[], extras: Extras): Promise<ForwardResult> {
  const sequence = executor.open(ids.length);
  const [result] = await executor.forward([{ sequence, tokens: ids, logits: 'all', ...extras }]);
  sequence.dispose();
  return result!;
}

/** Names an element of `[layers, heads, rows]` or of a part of it, from a layer on. */
const shareName =
  ({ heads, ids }: Pair, firstLayer = 0) =>
  (index: number): string =>
    shapeName([
      ['layer', Number.MAX_SAFE_INTEGER],
      ['head', heads],
      ['row', ids.length],
    ])(index + firstLayer * heads * ids.length);

const allLayers = ({ layers }: Pair): number[] => Array.from({ length: layers }, (_, layer) => layer);

/**
 * A share is within δ/4 of the reference's where a logit gap is off by δ, the slope of a sigmoid being at most 1/4,
 * and no policy makes it steeper. Logits reach some 6·factor and f32 rounds them to 6e-8 of themselves, so in
 * the first layer, whose input is exact, shares agree to 1e-3 whatever the factor. The input of later layers is good
 * to some 1e-5 of itself. At a factor of 8 this still gives 1e-3; at 40 and 200 it does for all but those rows in
 * which logits of hundreds all but cancel to a gap of about one: 1.2e-3 was seen at 40 (mistral, boost 50) and
 * 2.6e-3 at 200 (llama, split-softmax 0.5), in one share of 864 each. That the policy adds nothing to it is what
 * the comparison with the executor's own queries and keys says.
 */
const TOLERANCE = 1e-3;
const CANCELLED = { tolerance: 1e-2, part: 0.01 };

function expectShares(
  pair: Pair,
  factor: number,
  found: Float32Array,
  expected: Float32Array,
  what: string,
): void {
  const layer = pair.heads * pair.ids.length;
  const exactly = factor > 8 ? layer : found.length;
  expectClose(found.slice(0, exactly), expected.slice(0, exactly), TOLERANCE, what, shareName(pair));
  expectClose(found, expected, CANCELLED.tolerance, what, shareName(pair));
  const off = found.filter((share, i) => Math.abs(share - expected[i]!) > TOLERANCE).length;
  expect(off, `${what}: off by more than ${TOLERANCE}`).toBeLessThanOrEqual(CANCELLED.part * found.length);
}

describe.each([
  ...[8, 40, 200].map((factor) => [factor, 'cpu'] as const),
  ...[8, 40, 200].map((factor) => [factor, 'gpu'] as const),
])('logits %i times as far apart, %s', (factor, name) => {
  const test = it.skipIf(name === 'gpu' && gpuFound === null);
  test.each(CASES)('%s %d: it has the shares of the reference', async (policy, strength) => {
    const pair = await openPair('llama', factor, name);
    const intervention = everywhere(pair, policy, strength);
    // The two spans cover every token, and the border between them lies inside the target.
    const spans = [
      { start: 0, end: 10 },
      { start: 10, end: pair.ids.length },
    ];
    const extras: Extras = { intervention, spans, taps: { attention: allLayers(pair) } };
    const own = await run(pair.own, pair.ids, extras);
    const reference = await run(pair.reference, pair.ids, extras);
    await pair.own.dispose();

    for (const [name, values] of [
      ['logits', own.logits],
      ['before', own.targetShares!.before],
      ['after', own.targetShares!.after],
      ['spans before', own.spanShares!.before],
      ['spans after', own.spanShares!.after],
      ...[...own.attention].map(([layer, rows]) => [`attention of layer ${layer}`, rows] as const),
    ] as const) {
      const bad = values.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) expect.fail(`${name}: element ${bad} is ${values[bad]}`);
    }
    for (const when of ['before', 'after'] as const) {
      const what = `${policy} ${strength}: share ${when}`;
      expectShares(pair, factor, own.targetShares![when], reference.targetShares![when], what);
      for (const { spanShares } of [own, reference]) {
        const shares = spanShares![when];
        const sums = Float32Array.from(
          { length: shares.length / 2 },
          (_, i) => shares[2 * i]! + shares[2 * i + 1]!,
        );
        expectClose(sums, new Float32Array(sums.length).fill(1), 1e-5, `${what}: sum`, shareName(pair));
      }
    }
  });

  test.each(CASES)(
    '%s %d: its shares after are those of its own queries and keys',
    async (policy, strength) => {
      for (const family of ['llama', 'mistral'] as const) {
        const pair = await openPair(family, factor, name);
        const taps = { attention: allLayers(pair) };
        const result = await run(pair.own, pair.ids, {
          intervention: everywhere(pair, policy, strength),
          taps,
        });
        await pair.own.dispose();
        const rows = pair.ids.length;
        const size = pair.heads * rows;
        for (const [layer, attention] of result.attention) {
          const inTarget = Float32Array.from({ length: size }, (_, row) =>
            attention
              .subarray(row * rows + TARGET.start, row * rows + TARGET.end)
              .reduce((sum, weight) => sum + weight, 0),
          );
          // Tapped rows are formed in f64 from what the graph multiplies in f32, so nothing of the layers below is
          // in the difference: only the rounding of logits up to some 6·factor, 1e-4 of a unit at 200.
          expectClose(
            result.targetShares!.after.slice(layer * size, (layer + 1) * size),
            inTarget,
            2e-4,
            `${family}, ${policy} ${strength}`,
            shareName(pair, layer),
          );
        }
      }
    },
  );
});

describe('shares that f32 cannot hold', () => {
  it.each([40, 200])(
    'are raised by split-softmax all the same, with logits %i times as far apart',
    async (factor) => {
      const pair = await openPair('llama', factor);
      const extras: Extras = { intervention: everywhere(pair, 'split-softmax', 0.01) };
      const cpu = (await run(pair.own, pair.ids, extras)).targetShares!;
      const reference = (await run(pair.reference, pair.ids, extras)).targetShares!;
      await pair.own.dispose();
      let underflowed = 0;
      cpu.before.forEach((before, i) => {
        const row = i % pair.ids.length;
        if (before !== 0 || row <= TARGET.start) return;
        // π = 0 in f32 says that the gap is above 103. π^0.01 is a number like any other.
        underflowed++;
        const name = shareName(pair)(i);
        expect(cpu.after[i], name).toBeGreaterThan(0);
        expect(cpu.after[i], name).toBeLessThan(Math.exp(-1.03));
        expect(Math.abs(cpu.after[i]! - reference.after[i]!), name).toBeLessThan(1e-3);
      });
      // 52 at 40 and 362 at 200, of 828 rows × heads that a policy can act on.
      expect(underflowed).toBeGreaterThan(20);
    },
  );

  it('are the same token by token as in one block', async () => {
    const pair = await openPair('llama', 40);
    const intervention = everywhere(pair, 'split-softmax', 0.01);
    const rows = pair.ids.length;
    const block = await run(pair.own, pair.ids, { intervention });
    const sequence = pair.own.open(rows);
    const shares = {
      before: new Float32Array(block.targetShares!.before.length),
      after: new Float32Array(0),
    };
    shares.after = shares.before.slice();
    for (const [row, id] of pair.ids.entries()) {
      const [step] = await pair.own.forward([{ sequence, tokens: [id], logits: 'none', intervention }]);
      for (const when of ['before', 'after'] as const) {
        step!.targetShares![when].forEach((share, index) => {
          shares[when][index * rows + row] = share;
        });
      }
    }
    await pair.own.dispose();
    // As far apart as cpu and reference may be, for the same reason: products are rounded in another order.
    for (const when of ['before', 'after'] as const) {
      expectClose(shares[when], block.targetShares![when], 1e-3, when, shareName(pair));
    }
  });
});

describe('a sliding window that leaves the target behind', () => {
  const WINDOW = 20;
  const family = 'mistral';

  it.each([1, 40])(
    'has shares of 0 and untouched rows from there on, with logits %i times as far apart',
    async (factor) => {
      const pair = await openPair(family, factor);
      for (const { attention } of pair.own.blueprint.layers) expect(attention.window).toBe(WINDOW);
      const rows = pair.ids.length;
      const spans = [TARGET];
      for (const [policy, strength] of CASES) {
        const intervention = everywhere(pair, policy, strength);
        const cpu = await run(pair.own, pair.ids, { intervention, spans });
        const reference = await run(pair.reference, pair.ids, { intervention, spans });
        // Rows 0…2 are before the target, rows from 17 + 20 on no longer see its last token.
        const seen = (row: number): boolean => row >= TARGET.start && row < TARGET.end - 1 + WINDOW;
        for (const [name, { targetShares, spanShares }] of [
          ['cpu', cpu],
          ['reference', reference],
        ] as const) {
          for (const shares of [
            targetShares!.before,
            targetShares!.after,
            spanShares!.before,
            spanShares!.after,
          ]) {
            shares.forEach((share, i) => {
              if (!seen(i % rows)) expect(share, `${name} ${shareName(pair)(i)}`).toBe(0);
            });
          }
        }
        for (const when of ['before', 'after'] as const) {
          const what = `${policy} ${strength}: share ${when}`;
          const [found, expected] = [cpu.targetShares![when], reference.targetShares![when]];
          expectShares(pair, factor, found, expected, what);
          // The span is the target itself.
          expectClose(cpu.spanShares![when], found, 1e-5, `${what}: span`, shareName(pair));
        }
        // A row acts if it sees a key inside and one outside; from row 23 on the window starts in the target, and
        // it always holds the row's own key outside.
        const acting = Array.from({ length: rows }, (_, row) => seen(row)).filter(Boolean).length;
        for (const { targetShares } of [cpu, reference]) {
          for (const changed of changedPairs(targetShares!, pair.layers)) {
            expect(changed).toBeLessThanOrEqual(acting * pair.heads);
            // Shares between 0 and 1 all change under it; further apart some are 0 or 1 in f32.
            if (factor === 1 && policy === 'split-softmax') expect(changed).toBe(acting * pair.heads);
          }
        }
      }
      await pair.own.dispose();
    },
  );

  it('leaves rows as they would be without the policy in the first layer, whose keys no policy has changed', async () => {
    const pair = await openPair(family, 1);
    const taps = { attention: [0] };
    for (const executor of [pair.own, pair.reference]) {
      const plain = await run(executor, pair.ids, { taps });
      const boosted = await run(executor, pair.ids, { taps, intervention: everywhere(pair, 'boost', 50) });
      const rows = pair.ids.length;
      for (let head = 0; head < pair.heads; head++) {
        const from = (head * rows + TARGET.end - 1 + WINDOW) * rows;
        const to = (head + 1) * rows * rows;
        expect(boosted.attention.get(0)!.slice(from, to)).toEqual(plain.attention.get(0)!.slice(from, to));
      }
    }
    await pair.own.dispose();
  });
});

describe.each(FAMILIES)('a policy on one head of %s, with two query heads to a key-value head', (family) => {
  it('changes that head alone in its layer, and no layer before it', async () => {
    const pair = await openPair(family, 1);
    const { layers, heads, ids } = pair;
    const layer = 1;
    const size = heads * ids.length;
    const taps = { attention: allLayers(pair), hidden: [0, 1, 2] };
    const off = everywhere(pair, 'off', 1);
    for (const executor of [pair.own, pair.reference]) {
      const plain = await run(executor, ids, { taps, intervention: off });
      for (let head = 0; head < heads; head++) {
        const what = `${executor.name}, head ${head}`;
        const strength = new Float32Array(layers * heads).fill(1);
        strength[layer * heads + head] = 0.3;
        const intervention: Intervention = { target: [TARGET], policy: 'split-softmax', strength };
        const result = await run(executor, ids, { taps, intervention });

        const { before, after } = result.targetShares!;
        // Up to this layer nothing has changed, to the last bit.
        expect(before.slice(0, 2 * size), what).toEqual(plain.targetShares!.before.slice(0, 2 * size));
        expect(after.slice(0, size), what).toEqual(plain.targetShares!.after.slice(0, size));
        expect(result.attention.get(0), what).toEqual(plain.attention.get(0));
        for (const index of [0, 1]) expect(result.hidden.get(index), what).toEqual(plain.hidden.get(index));

        const { window } = executor.blueprint.layers[layer]!.attention;
        for (let other = 0; other < heads; other++) {
          const from = layer * size + other * ids.length;
          const found = after.slice(from, from + ids.length);
          const unchanged = plain.targetShares!.after.slice(from, from + ids.length);
          const rowsFrom = other * ids.length * ids.length;
          const weights = (map: ReadonlyMap<number, Float32Array>): Float32Array =>
            map.get(layer)!.slice(rowsFrom, rowsFrom + ids.length * ids.length);
          if (other !== head) {
            expect(found, `${what}: head ${other}`).toEqual(unchanged);
            expect(weights(result.attention), `${what}: head ${other}`).toEqual(weights(plain.attention));
            continue;
          }
          const expected = unchanged.map((share, row) => {
            const first = window === null ? 0 : Math.max(0, row - window + 1);
            const mixed =
              row > TARGET.start - 1 && first < TARGET.end && !(first >= TARGET.start && row < TARGET.end);
            return mixed ? mapShare('split-softmax', share, Math.fround(0.3)) : share;
          });
          expectClose(found, expected, 1e-5, what, shareName(pair));
          expect(spread(found.map((share, row) => share - unchanged[row]!)), what).toBeGreaterThan(0.1);
          expect(weights(result.attention), what).not.toEqual(weights(plain.attention));
        }
        // What the head read has moved the state behind the layer, and with it later layers.
        expect(result.hidden.get(layer + 1), what).not.toEqual(plain.hidden.get(layer + 1));
        const touched = [...changedPairs(result.targetShares!, layers)];
        expect(touched[layer], what).toBeGreaterThan(0);
        expect(
          touched.filter((count) => count > 0),
          what,
        ).toHaveLength(1);
      }
    }
    await pair.own.dispose();
  });

  it('moves the logits of cpu as it moves those of the reference, whichever the head', async () => {
    const pair = await openPair(family, 1);
    const { layers, heads, ids } = pair;
    for (let head = 0; head < heads; head++) {
      const strength = new Float32Array(layers * heads).fill(1);
      strength[heads + head] = 1e3;
      const intervention: Intervention = { target: [TARGET], policy: 'boost', strength };
      const cpu = await run(pair.own, ids, { intervention });
      const reference = await run(pair.reference, ids, { intervention });
      const tolerance = 1e-3 * spread(reference.logits);
      expectClose(cpu.logits, reference.logits, tolerance, `head ${head}: logits`);
    }
    await pair.own.dispose();
  });
});
