import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POLICIES, POLICY_RULES, type Policy, rowMap } from './policy.js';
import { attendRow, softmax } from './row.js';
import { logitBias } from './row-map.js';

/** A row to test: its logits, and which keys belong to the target. */
interface Keys {
  readonly logits: Float64Array;
  readonly isTarget: Uint8Array;
}

const keysOf = (pairs: readonly (readonly [number, boolean])[]): Keys => ({
  logits: Float64Array.from(pairs, ([logit]) => logit),
  isTarget: Uint8Array.from(pairs, ([, inside]) => (inside ? 1 : 0)),
});

const logit = fc.double({ min: -30, max: 30, noNaN: true });
const anyRow = fc
  .array(fc.tuple(logit, fc.boolean()), { minLength: 1, maxLength: 24 })
  .map((pairs) => keysOf(pairs));
/** Draws a row with at least one key inside the target and one outside. */
const mixedRow = fc
  .tuple(fc.array(fc.tuple(logit, fc.boolean()), { maxLength: 22 }), logit, logit)
  .map(([pairs, inside, outside]) => keysOf([[inside, true], ...pairs, [outside, false]]));

/** Draws policies below their strongest strength, which may give one side the whole share: no finite bias does that. */
const policy = fc
  .tuple(fc.constantFrom(...POLICIES), fc.double({ min: 0, max: 0.99, noNaN: true }))
  .map(([name, part]): readonly [Policy, number] => {
    const { identity, minimum, maximum, stronger } = POLICY_RULES[name];
    const strongest = stronger === 'smaller' ? minimum : maximum;
    return [name, identity + part * (strongest - identity)];
  });

const side = ({ logits, isTarget }: Keys, which: 0 | 1): Float64Array =>
  logits.filter((_, i) => isTarget[i] === which);
const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
const logSumExp = (values: Float64Array): number => {
  const maximum = Math.max(...values);
  return maximum + Math.log(total(values.map((value) => Math.exp(value - maximum))));
};
/** Computes log π independently of the code under test. */
const logShareOf = (keys: Keys): number =>
  -Math.log1p(Math.exp(logSumExp(side(keys, 0)) - logSumExp(side(keys, 1))));

function expectWeights(actual: Float64Array, expected: Float64Array, tolerance = 1e-12): void {
  for (const [i, weight] of expected.entries()) {
    if (!(Math.abs(actual[i]! - weight) <= tolerance)) {
      expect.fail(`weight ${i} is ${actual[i]}, expected ${weight}`);
    }
  }
}

describe('attendRow', () => {
  it('is the softmax of logits with the bias logit(π′) − logit(π) on the target', () => {
    fc.assert(
      fc.property(mixedRow, policy, (keys, [name, strength]) => {
        const map = rowMap(name, strength);
        const bias = logitBias(logShareOf(keys), map);
        const biased = keys.logits.map((value, i) => value + (keys.isTarget[i] === 1 ? bias : 0));
        expectWeights(attendRow(keys.logits, keys.isTarget, map).weights, softmax(biased));
      }),
    );
  });

  it('is the plain softmax scaled by π′/π inside the target and (1−π′)/(1−π) outside', () => {
    fc.assert(
      fc.property(mixedRow, policy, (keys, [name, strength]) => {
        const row = attendRow(keys.logits, keys.isTarget, rowMap(name, strength));
        const plain = softmax(keys.logits);
        const inside = total(plain.filter((_, i) => keys.isTarget[i] === 1));
        const outside = total(plain.filter((_, i) => keys.isTarget[i] === 0));
        const scaled = plain.map((weight, i) =>
          keys.isTarget[i] === 1 ? (weight * row.after) / inside : (weight * (1 - row.after)) / outside,
        );
        expectWeights(row.weights, scaled);
      }),
    );
  });

  it('reports the shares before and after, and its weights add up to the latter', () => {
    fc.assert(
      fc.property(anyRow, policy, (keys, [name, strength]) => {
        const row = attendRow(keys.logits, keys.isTarget, rowMap(name, strength));
        const share = (weights: Float64Array): number =>
          total(weights.filter((_, i) => keys.isTarget[i] === 1));
        expect(Math.abs(row.before - share(softmax(keys.logits)))).toBeLessThan(1e-12);
        expect(Math.abs(row.after - share(row.weights))).toBeLessThan(1e-12);
      }),
    );
  });

  it('keeps every row summing to one', () => {
    fc.assert(
      fc.property(anyRow, policy, (keys, [name, strength]) => {
        const { weights } = attendRow(keys.logits, keys.isTarget, rowMap(name, strength));
        expect(Math.abs(total(weights) - 1)).toBeLessThan(1e-12);
      }),
    );
  });

  it('leaves the order within each side untouched, and the ratios', () => {
    fc.assert(
      fc.property(mixedRow, policy, ({ logits, isTarget }, [name, strength]) => {
        const { weights } = attendRow(logits, isTarget, rowMap(name, strength));
        for (let i = 0; i < logits.length; i++) {
          for (let j = 0; j < logits.length; j++) {
            if (isTarget[i] !== isTarget[j]) continue;
            if (logits[i]! <= logits[j]!) expect(weights[i]!).toBeLessThanOrEqual(weights[j]!);
            if (weights[j]! < 1e-290) continue;
            const ratio = Math.exp(logits[i]! - logits[j]!);
            expect(Math.abs(weights[i]! / weights[j]! / ratio - 1)).toBeLessThan(1e-10);
          }
        }
      }),
    );
  });

  it('gives the plain softmax, bit for bit, at the identity of every policy', () => {
    fc.assert(
      fc.property(anyRow, ({ logits, isTarget }) => {
        const plain = softmax(logits);
        for (const name of POLICIES) {
          const row = attendRow(logits, isTarget, rowMap(name, POLICY_RULES[name].identity));
          expect(row.weights).toEqual(plain);
          expect(row.after).toBe(row.before);
        }
      }),
    );
  });

  it('leaves rows with an empty target, and rows inside the target, unchanged', () => {
    fc.assert(
      fc.property(anyRow, policy, fc.constantFrom(0, 1), ({ logits }, [name, strength], value) => {
        const isTarget = new Uint8Array(logits.length).fill(value);
        expect(attendRow(logits, isTarget, rowMap(name, strength))).toEqual({
          weights: softmax(logits),
          before: value,
          after: value,
        });
      }),
    );
  });

  it('gives the target the whole share at k = 0, and keeps the ratios of its keys', () => {
    fc.assert(
      fc.property(mixedRow, (keys) => {
        const row = attendRow(keys.logits, keys.isTarget, rowMap('split-softmax', 0));
        expect(row.after).toBe(1);
        const inside = softmax(side(keys, 1));
        let next = 0;
        const expected = keys.logits.map((_, i) => (keys.isTarget[i] === 1 ? inside[next++]! : 0));
        expectWeights(row.weights, expected);
      }),
    );
  });

  it('lowers a share of almost 1 without losing the rest, however small it is', () => {
    for (const gap of [1, 40, 700, 2000]) {
      const row = attendRow(Float64Array.of(gap, 0, -1), Uint8Array.of(1, 0, 0), rowMap('cap', 0.3));
      const rest = softmax(Float64Array.of(0, -1));
      expectWeights(row.weights, Float64Array.of(0.3, 0.7 * rest[0]!, 0.7 * rest[1]!), 1e-14);
      expect(row.after).toBeCloseTo(0.3, 14);
    }
  });

  it('keeps a share that underflows: k = 0.01 at a gap of 120 gives exp(−1.2)', () => {
    const isTarget = Uint8Array.of(1, 0);
    const row = attendRow(Float64Array.of(-120, 0), isTarget, rowMap('split-softmax', 0.01));
    expect(Math.abs(row.after - Math.exp(-1.2))).toBeLessThan(1e-9);
    expect(Math.abs(row.weights[0]! - Math.exp(-1.2))).toBeLessThan(1e-9);
    expect(Math.abs(row.weights[1]! - (1 - Math.exp(-1.2)))).toBeLessThan(1e-9);
    // With a common maximum, π would be 0 in f32, and so would π^k: an error of 0.3.
    const common = Float32Array.of(Math.exp(-120), 1);
    expect((common[0]! / (common[0]! + common[1]!)) ** 0.01).toBe(0);
  });

  it.each([120, 700, 2000, 1e5])('is right at gaps of ±%d between target and rest', (gap) => {
    const isTarget = Uint8Array.of(1, 1, 0);
    // Two equal keys in the target: its log-sum-exp is log 2 above them.
    const below = Float64Array.of(-gap - Math.LN2, -gap - Math.LN2, 0);
    const above = Float64Array.of(gap - Math.LN2, gap - Math.LN2, 0);
    const k = 1 / gap;
    const split = attendRow(below, isTarget, rowMap('split-softmax', k));
    expect(Math.abs(split.after - Math.exp(-1))).toBeLessThan(1e-9);
    expectWeights(split.weights, Float64Array.of(Math.exp(-1) / 2, Math.exp(-1) / 2, 1 - Math.exp(-1)), 1e-9);

    const floor = attendRow(below, isTarget, rowMap('floor', 0.3));
    expectWeights(floor.weights, Float64Array.of(0.15, 0.15, 0.7), 1e-9);

    const boosted = attendRow(below, isTarget, rowMap('boost', 50));
    expect(boosted.after).toBeLessThanOrEqual(50 * Math.exp(-gap) * (1 + 1e-9));
    expect(boosted.weights[2]).toBe(1);

    // The target has all but e^−gap: the rest keeps its digits as long as a float can represent it.
    for (const [name, strength, left] of [
      ['split-softmax', k, k * Math.exp(-gap)],
      ['boost', 50, Math.exp(-gap) / 50],
      ['floor', 0.3, Math.exp(-gap)],
    ] as const) {
      const row = attendRow(above, isTarget, rowMap(name, strength));
      expect(row.after).toBe(1);
      expectWeights(row.weights.subarray(0, 2), Float64Array.of(0.5, 0.5), 1e-9);
      expect(Math.abs(row.weights[2]! - left), name).toBeLessThanOrEqual(1e-9 * left);
    }
  });

  it('treats keys with a logit of −∞ as absent', () => {
    const none = Number.NEGATIVE_INFINITY;
    for (const name of POLICIES) {
      const map = rowMap(name, POLICY_RULES[name].example);
      const one = attendRow(Float64Array.of(1, none, 0, none), Uint8Array.of(1, 1, 0, 0), map);
      const same = attendRow(Float64Array.of(1, 0), Uint8Array.of(1, 0), map);
      expect([...one.weights]).toEqual([same.weights[0], 0, same.weights[1], 0]);
      const noTarget = attendRow(Float64Array.of(none, 2, 3), Uint8Array.of(1, 0, 0), map);
      expect(noTarget).toMatchObject({ before: 0, after: 0, weights: softmax(Float64Array.of(none, 2, 3)) });
      const noRest = attendRow(Float64Array.of(2, 3, none), Uint8Array.of(1, 1, 0), map);
      expect(noRest).toMatchObject({ before: 1, after: 1, weights: softmax(Float64Array.of(2, 3, none)) });
    }
  });

  it('turns NaN and +∞ into NaN', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (const at of [0, 2]) {
        const logits = Float64Array.of(1, 2, 3);
        logits[at] = bad;
        const row = attendRow(logits, Uint8Array.of(1, 0, 0), rowMap('split-softmax', 0.5));
        expect(total(row.weights), `${bad} at ${at}`).toBeNaN();
      }
    }
  });
});
