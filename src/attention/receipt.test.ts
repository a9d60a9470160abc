import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowPolicy } from './policy.js';
import { ReceiptBook, type ReceiptEntry } from './receipt.js';
import { uniformStrength } from './strength.js';

const grid = { layers: 2, heads: 2 };

/** A pass of so many rows whose shares are all alike. */
function entry(
  rows: number,
  { policy = 'boost' as RowPolicy, strength = 2, before = 0.2, after = 0.4, touched = [rows, 0] } = {},
): ReceiptEntry {
  const size = grid.layers * grid.heads * rows;
  return {
    strengths: uniformStrength(policy, strength, grid),
    before: new Float32Array(size).fill(before),
    after: new Float32Array(size).fill(after),
    touched: Int32Array.from(touched),
  };
}

describe('ReceiptBook', () => {
  it('is empty before the first pass', () => {
    expect(new ReceiptBook(grid).receipt()).toEqual({
      rows: 0,
      touched: [0, 0],
      headsAsked: [0, 0],
      meanBefore: [0, 0],
      meanAfter: [0, 0],
    });
  });

  it('tells layers apart, and averages over rows and heads', () => {
    const book = new ReceiptBook(grid);
    book.add({
      strengths: uniformStrength('floor', 0.5, grid, { layers: [1], heads: [0] }),
      // [layers, heads, rows]: layer 0 has 0.1 and 0.3, layer 1 has 0.2 and 0.6.
      before: Float32Array.of(0.1, 0.1, 0.3, 0.3, 0.2, 0.2, 0.6, 0.6),
      after: Float32Array.of(0.1, 0.1, 0.3, 0.3, 0.5, 0.5, 0.6, 0.6),
      touched: Int32Array.of(0, 2),
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

  it('adds passes up to what one pass over all their rows would say', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const row = fc.record({
      before: fc.array(share, { minLength: 4, maxLength: 4 }),
      after: fc.array(share, { minLength: 4, maxLength: 4 }),
      touched: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 2, maxLength: 2 }),
    });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        (rows, size) => {
          const strengths = uniformStrength('split-softmax', 0.5, grid);
          /** The rows from `from` on, as an executor gives them: `[layers × heads, rows]`. */
          const pass = (part: typeof rows): ReceiptEntry => ({
            strengths,
            before: Float32Array.from([0, 1, 2, 3].flatMap((pair) => part.map((r) => r.before[pair]!))),
            after: Float32Array.from([0, 1, 2, 3].flatMap((pair) => part.map((r) => r.after[pair]!))),
            touched: Int32Array.from([0, 1], (l) => part.reduce((sum, r) => sum + r.touched[l]!, 0)),
          });
          const whole = new ReceiptBook(grid);
          whole.add(pass(rows));
          const parts = new ReceiptBook(grid);
          for (let from = 0; from < rows.length; from += size) parts.add(pass(rows.slice(from, from + size)));
          const [a, b] = [whole.receipt(), parts.receipt()];
          expect(b).toMatchObject({ rows: rows.length, touched: a.touched, headsAsked: [2, 2] });
          for (const key of ['meanBefore', 'meanAfter'] as const) {
            for (const layer of [0, 1]) expect(Math.abs(a[key][layer]! - b[key][layer]!)).toBeLessThan(1e-12);
          }
        },
      ),
    );
  });

  it('keeps the largest number of heads asked for, when strengths change on the way', () => {
    const book = new ReceiptBook(grid);
    for (const heads of [[0], [0, 1], [1]]) {
      book.add({ ...entry(1), strengths: uniformStrength('boost', 3, grid, { layers: [1], heads }) });
    }
    expect(book.receipt().headsAsked).toEqual([0, 2]);
  });

  it('is an error when a policy was asked to act and touched no row', () => {
    const book = new ReceiptBook(grid);
    book.add(entry(3, { touched: [0, 0] }));
    expect(() => book.receipt()).toThrow(
      expect.objectContaining({
        code: 'E_UNTOUCHED',
        message: expect.stringContaining('the intervention touched none of 3 rows in 2 layers'),
      }),
    );
    // A run that was cut short has its record all the same.
    expect(book.soFar()).toMatchObject({ rows: 3, touched: [0, 0], headsAsked: [2, 2] });
    // One row among many is enough.
    book.add(entry(1, { touched: [0, 1] }));
    expect(book.receipt()).toMatchObject({ rows: 4, touched: [0, 1] });
  });

  it.each([
    ['off', 1],
    ['split-softmax', 1],
    ['boost', 1],
    ['floor', 0],
  ] as const)('is no error when %s was asked for at %d, which changes nothing', (policy, strength) => {
    const book = new ReceiptBook(grid);
    book.add(entry(3, { policy, strength, after: 0.2, touched: [0, 0] }));
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
