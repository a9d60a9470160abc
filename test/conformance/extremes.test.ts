import { describe, expect, it } from 'vitest';
import { changedPairs, mapShare } from '../../src/attention/index.js';
import { createGgmlExecutor } from '../../src/executors/ggml/index.js';
import type { Intervention } from '../../src/executors/index.js';
import { expectClose, spread } from './compare.js';
import {
  allLayers,
  CASES,
  everywhere,
  expectShares,
  extremes,
  openPair,
  run,
  shareName,
  TARGET,
} from './extremes.js';
import { SHAPES } from './fixtures.js';
import type { CreateExecutor, Extras } from './runs.js';

const createCpu: CreateExecutor = ({ plan, files }) =>
  createGgmlExecutor(plan, files.checkpoint, { precision: 'f32', threads: 1 });

extremes('cpu', createCpu);

describe('shares that f32 cannot hold', () => {
  it.each([40, 200])(
    'are raised by split-softmax all the same, with logits %i times as far apart',
    async (factor) => {
      const pair = await openPair('llama', factor, createCpu);
      const extras: Extras = { intervention: everywhere(pair, 'split-softmax', 0.01) };
      const cpu = (await run(pair.own, pair.ids, extras)).targetShares!;
      const reference = (await run(pair.reference, pair.ids, extras)).targetShares!;
      await pair.own.dispose();
      let underflowed = 0;
      cpu.before.forEach((before, i) => {
        const row = i % pair.ids.length;
        if (before !== 0 || row <= TARGET.start) return;
        // π = 0 in f32 means that the gap is above 103. π^0.01 is still an ordinary number.
        underflowed++;
        const name = shareName(pair)(i);
        expect(cpu.after[i], name).toBeGreaterThan(0);
        expect(cpu.after[i], name).toBeLessThan(Math.exp(-1.03));
        expect(Math.abs(cpu.after[i]! - reference.after[i]!), name).toBeLessThan(1e-3);
      });
      // There are 52 at a factor of 40 and 362 at 200, of 828 rows × heads that a policy can act on.
      expect(underflowed).toBeGreaterThan(20);
    },
  );

  it('are the same token by token as in one block', async () => {
    const factor = 40;
    const pair = await openPair('llama', factor, createCpu);
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
    // The tolerance between cpu and reference, for the same reason: products are rounded in another order.
    for (const when of ['before', 'after'] as const) {
      expectShares(pair, factor, shares[when], block.targetShares![when], when);
    }
  });
});

describe('a sliding window that moves past the target', () => {
  const WINDOW = 20;
  const family = 'mistral';

  it.each([1, 40])(
    'has shares of 0 and untouched rows from there on, with logits %i times as far apart',
    async (factor) => {
      const pair = await openPair(family, factor, createCpu);
      for (const { attention } of pair.own.blueprint.layers) expect(attention.window).toBe(WINDOW);
      const rows = pair.ids.length;
      const spans = [TARGET];
      for (const [policy, strength] of CASES) {
        const intervention = everywhere(pair, policy, strength);
        const cpu = await run(pair.own, pair.ids, { intervention, spans });
        const reference = await run(pair.reference, pair.ids, { intervention, spans });
        // Rows 0…2 are before the target; rows from 17 + 20 on no longer see its last token.
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
        // The policy acts on a row that sees a key inside and one outside. From row 23 on the window starts in the target, and
        // it always contains the row's own key, which is outside.
        const acting = Array.from({ length: rows }, (_, row) => seen(row)).filter(Boolean).length;
        for (const { targetShares } of [cpu, reference]) {
          for (const changed of changedPairs(targetShares!, pair.layers)) {
            expect(changed).toBeLessThanOrEqual(acting * pair.heads);
            // It changes every share between 0 and 1. With a larger factor, some shares are 0 or 1 in f32.
            if (factor === 1 && policy === 'split-softmax') expect(changed).toBe(acting * pair.heads);
          }
        }
      }
      await pair.own.dispose();
    },
  );

  it('does not change rows that cannot see the target, in the first layer, whose keys no policy has changed', async () => {
    const pair = await openPair(family, 1, createCpu);
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

describe.each(SHAPES)('a policy on one head of %s, with two query heads to a key-value head', (family) => {
  it('changes only that head in its layer, and no earlier layer', async () => {
    const pair = await openPair(family, 1, createCpu);
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
        // Up to this layer, everything is unchanged bit for bit.
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
        // The head's output has changed the state after the layer, and so all later layers.
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

  it('changes the logits of cpu as it changes those of the reference, for every head', async () => {
    const pair = await openPair(family, 1, createCpu);
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
