import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POLICIES, POLICY_RULES, type Policy } from './policy.js';
import { assertTouched, ReceiptBook, type ReceiptEntry } from './receipt.js';
import { uniformStrength } from './strength.js';

const grid = { layers: 2, heads: 2, windows: [null, null] };
/** The rows of all passes see the target and tokens outside it. */
const place = { target: [{ start: 0, end: 2 }], start: 5 };

/** A pass whose rows all have the same share. */
function entry(
  rows: number,
  { policy = 'boost' as Policy, strength = 2, before = 0.2, after = 0.4 } = {},
): ReceiptEntry {
  const size = grid.layers * grid.heads * rows;
  return {
    ...place,
    strengths: uniformStrength(policy, strength, grid),
    before: new Float32Array(size).fill(before),
    after: new Float32Array(size).fill(after),
  };
}

describe('ReceiptBook', () => {
  it('is empty before the first pass', () => {
    expect(new ReceiptBook(grid).receipt()).toEqual({
      rows: 0,
      touched: [0, 0],
      headsAsked: [0, 0],
      changeable: [0, 0],
      meanBefore: [null, null],
      meanAfter: [null, null],
      untouched: null,
    });
  });

  it('keeps layers apart, and averages over rows and heads', () => {
    const book = new ReceiptBook(grid);
    book.add({
      ...place,
      strengths: uniformStrength('floor', 0.5, grid, { layers: [1], heads: [0] }),
      // [layers, heads, rows]: layer 0 has 0.1 and 0.3, layer 1 has 0.2 and 0.6.
      before: Float32Array.of(0.1, 0.1, 0.3, 0.3, 0.2, 0.2, 0.6, 0.6),
      after: Float32Array.of(0.1, 0.1, 0.3, 0.3, 0.5, 0.5, 0.6, 0.6),
    });
    const receipt = book.receipt();
    expect(receipt).toMatchObject({ rows: 2, touched: [0, 2], headsAsked: [0, 1] });
    for (const [found, expected] of [
      [receipt.meanBefore, [0.2, 0.4]],
      [receipt.meanAfter, [0.2, 0.55]],
    ] as const) {
      found.forEach((mean, layer) => {
        expect(mean).toBeCloseTo(expected[layer]!, 6);
      });
    }
  });

  it('averages over the rows that a policy can change: those that see both sides of the target', () => {
    const windowed = { ...grid, windows: [null, 3] };
    const book = new ReceiptBook(windowed);
    // Rows 0 to 5; the target is tokens 0 and 1. Layer 0 sees both sides from row 2 on, layer 1 in rows 2 and 3.
    const layer0 = [1, 1, 0.5, 0.4, 0.3, 0.2];
    const layer1 = [1, 1, 0.6, 0.2, 0, 0];
    const raised = (shares: number[]) =>
      shares.map((share) => (share > 0 && share < 1 ? share + 0.1 : share));
    const pass = (of: (shares: number[]) => number[]) =>
      Float32Array.from([layer0, layer0, layer1, layer1].flatMap(of));
    book.add({
      ...{ strengths: uniformStrength('boost', 2, grid), target: place.target, start: 0 },
      ...{ before: pass((shares) => shares), after: pass(raised) },
    });
    const { rows, touched, changeable, meanBefore, meanAfter } = book.receipt();
    expect({ rows, touched, changeable }).toEqual({ rows: 6, touched: [8, 4], changeable: [4, 2] });
    for (const [found, expected] of [
      [meanBefore, [0.35, 0.4]],
      [meanAfter, [0.45, 0.5]],
    ] as const) {
      expected.forEach((mean, layer) => {
        expect(found[layer]).toBeCloseTo(mean, 6);
      });
    }
  });

  it('has no mean for a layer that sees only one side in every row', () => {
    const book = new ReceiptBook({ ...grid, windows: [null, 3] });
    book.add({ ...entry(3), start: 20 });
    const { meanBefore, changeable } = book.receipt();
    expect(changeable).toEqual([3, 0]);
    expect(meanBefore).toEqual([expect.closeTo(0.2, 6), null]);
  });

  it('gives the same for several passes as for one pass over all their rows', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const row = fc.record({
      before: fc.array(share, { minLength: 4, maxLength: 4 }),
      after: fc.array(share, { minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        (rows, size) => {
          const strengths = uniformStrength('split-softmax', 0.5, grid);
          /** The rows from `from` on, as an executor returns them: `[layers × heads, rows]`. */
          const pass = (part: typeof rows): ReceiptEntry => ({
            ...place,
            strengths,
            before: Float32Array.from([0, 1, 2, 3].flatMap((pair) => part.map((r) => r.before[pair]!))),
            after: Float32Array.from([0, 1, 2, 3].flatMap((pair) => part.map((r) => r.after[pair]!))),
          });
          const whole = new ReceiptBook(grid);
          whole.add(pass(rows));
          const parts = new ReceiptBook(grid);
          for (let from = 0; from < rows.length; from += size) parts.add(pass(rows.slice(from, from + size)));
          const [a, b] = [whole.soFar(), parts.soFar()];
          expect(b).toMatchObject({ rows: rows.length, touched: a.touched, headsAsked: [2, 2] });
          for (const key of ['meanBefore', 'meanAfter'] as const) {
            for (const layer of [0, 1]) expect(Math.abs(a[key][layer]! - b[key][layer]!)).toBeLessThan(1e-12);
          }
        },
      ),
    );
  });

  it('keeps the largest number of heads that were asked to act, when strengths change between passes', () => {
    const book = new ReceiptBook(grid);
    for (const heads of [[0], [0, 1], [1]]) {
      book.add({ ...entry(1), strengths: uniformStrength('boost', 3, grid, { layers: [1], heads }) });
    }
    expect(book.receipt().headsAsked).toEqual([0, 2]);
  });

  it('counts the pairs whose share changed, whatever was requested', () => {
    const book = new ReceiptBook(grid);
    const { strengths } = entry(1);
    book.add({
      ...place,
      strengths,
      before: Float32Array.of(0.1, 0.2, 0.3, 0.4),
      after: Float32Array.of(0.1, 0.3, 0.3, 0.2),
    });
    expect(book.receipt()).toMatchObject({ touched: [1, 1], headsAsked: [2, 2] });
  });

  const untouched = (hint: string) =>
    expect.objectContaining({
      code: 'E_UNTOUCHED',
      message: `E_UNTOUCHED: the intervention changed no share in 3 rows and 2 layers. ${hint}`,
    });

  it('is an error over a whole run when a policy was asked to act and no row sees both sides of the target', () => {
    for (const share of [0, 1, 1 - 1e-6]) {
      const book = new ReceiptBook(grid);
      book.add(entry(3, { before: share, after: share }));
      const hint =
        'No row sees both a key inside the target and one outside it: check the target and the sliding window';
      const receipt = book.receipt();
      expect(receipt.untouched).toBe(hint);
      expect(() => assertTouched([{ receipt }])).toThrow(untouched(hint));
      // A run that was cut short still has a receipt.
      expect(book.soFar()).toMatchObject({ rows: 3, touched: [0, 0], headsAsked: [2, 2] });
      // One pair among many is enough.
      book.add(entry(1));
      expect(book.receipt()).toMatchObject({ rows: 4, touched: [2, 2] });
    }
  });

  it('gives the numbers when a floor is below every share, or a cap above; an error if a whole run is so', () => {
    for (const [policy, strength, symbol] of [
      ['floor', 0.05, 'ψ'],
      ['cap', 0.9999, 'κ'],
    ] as const) {
      const book = new ReceiptBook(grid);
      const pass = entry(3, { policy, strength });
      pass.before[4] = 0.3124;
      book.add({ ...pass, after: pass.before });
      const hint = `The target's shares range from 0.2 to 0.3124: ${policy} with ${symbol} = ${strength} changes none of them`;
      const receipt = book.receipt();
      expect(receipt.untouched).toBe(hint);
      expect(() => assertTouched([{ receipt: null }, { receipt }])).toThrow(untouched(hint));
      const acting = new ReceiptBook(grid);
      acting.add(entry(3, { policy, strength, before: 0.25, after: 0.3 }));
      expect(() => assertTouched([{ receipt }, { receipt: acting.receipt() }, { receipt }])).not.toThrow();
    }
  });

  it('is no error over runs in which no policy was asked to act', () => {
    expect(() => assertTouched([])).not.toThrow();
    expect(() =>
      assertTouched([{ receipt: null }, { receipt: new ReceiptBook(grid).receipt() }]),
    ).not.toThrow();
  });

  it.each(POLICIES.filter((policy) => policy !== 'off'))(
    'says that an executor has not done what %s asks for',
    (policy) => {
      const { symbol, example } = POLICY_RULES[policy];
      const book = new ReceiptBook(grid);
      book.add(entry(3, { policy, strength: example, before: 0.25, after: 0.25 }));
      const what = `${policy} with ${symbol} = ${example} should have changed 12 of them, but the executor did not`;
      expect(() => book.receipt()).toThrow(untouched(`The target's shares range from 0.25 to 0.25: ${what}`));
    },
  );

  it('is no error when a policy that measures its own strength has no share to change', () => {
    const book = new ReceiptBook(grid);
    book.add(entry(3, { policy: 'sustain', strength: 0.1, before: 0.25, after: 0.25 }));
    expect(book.receipt()).toMatchObject({ touched: [0, 0], headsAsked: [2, 2] });
  });

  it.each(POLICIES)('is no error when %s was given its identity as strength', (policy) => {
    const book = new ReceiptBook(grid);
    book.add(entry(3, { policy, strength: POLICY_RULES[policy].identity, after: 0.2 }));
    expect(book.receipt()).toMatchObject({ rows: 3, touched: [0, 0], headsAsked: [0, 0] });
  });

  it('gives receipts that later passes do not change', () => {
    const book = new ReceiptBook(grid);
    book.add(entry(1));
    const receipt = book.receipt();
    const copy = structuredClone(receipt);
    book.add(entry(5));
    expect(receipt).toEqual(copy);
  });
});
