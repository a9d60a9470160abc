import { describe, expect, it } from 'vitest';
import { figures } from '../../test/support/statistics-figures.js';
import { createRandom } from '../random.js';
import { collectSpread, spreadOf } from './spread.js';

describe('the spread of shares', () => {
  it("is numpy's", () => {
    for (const { values, ...expected } of figures.spread) {
      const spread = spreadOf(values);
      expect(spread.mean).toBeCloseTo(expected.mean, 14);
      expect(spread.median).toBeCloseTo(expected.median, 14);
      expect(spread.ninetieth).toBeCloseTo(expected.ninetieth, 14);
      expect(spread.above).toBe(expected.above);
      expect(spread.below).toBe(expected.below);
    }
  });

  it('counts 0.5 itself as not above, and 0.001 itself as not below', () => {
    expect(spreadOf([0.5, 0.001])).toMatchObject({ above: 0, below: 0 });
  });

  it('is NaN for no shares', () => {
    expect(Object.values(spreadOf([]))).toEqual(Array(5).fill(Number.NaN));
  });

  it('is the same, at any time, for shares that are added one by one as f32', () => {
    const random = createRandom(3);
    const { add, spread } = collectSpread();
    const shares = Float32Array.from({ length: 5000 }, () => random() ** 8);
    for (const [index, share] of shares.entries()) {
      add(share);
      if (index % 1023 === 0) expect(spread()).toEqual(spreadOf(shares.subarray(0, index + 1)));
    }
    expect(spread()).toEqual(spreadOf(shares));
    add(0.001);
    expect(spread().below).toBeLessThan(spreadOf(shares).below);
  });
});
