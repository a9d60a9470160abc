import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { figures } from '../../test/support/statistics-figures.js';
import { normalCdf, rootOf, studentBeyond, studentCritical } from './distributions.js';

describe('distributions', () => {
  it("normal: scipy's to 13 digits, far into the tail", () => {
    for (const { x, p } of figures.normal) expect(normalCdf(x) / p).toBeCloseTo(1, 12);
    expect(normalCdf(Number.POSITIVE_INFINITY)).toBe(1);
    expect(normalCdf(Number.NEGATIVE_INFINITY)).toBe(0);
  });

  it("Student's critical values: scipy's to 9 digits", () => {
    for (const { alpha, freedom, t } of figures.critical) {
      expect(studentCritical(alpha, freedom) / t, `α = ${alpha}, ν = ${freedom}`).toBeCloseTo(1, 9);
    }
  });

  it("noncentral t: scipy's to 9 places", () => {
    for (const { bound, freedom, shift, p } of figures.beyond) {
      expect(studentBeyond(bound, freedom, shift), `${bound}, ν = ${freedom}, δ = ${shift}`).toBeCloseTo(
        p,
        9,
      );
    }
  });

  it('finds roots from either side, steep or flat, in few steps', () => {
    const roots = fc.double({ noNaN: true, min: 1e-3, max: 1e3 });
    fc.assert(
      fc.property(roots, fc.constantFrom(0.5, 1, 2, 3), (root, exponent) => {
        let steps = 0;
        const found = rootOf((x) => {
          steps++;
          return Math.sign(x - root) * Math.abs(Math.tanh(x / root - 1)) ** exponent;
        });
        expect(found / root).toBeCloseTo(1, 12);
        expect(steps).toBeLessThan(300);
      }),
    );
    expect(rootOf((x) => x + 1)).toBe(0);
    expect(rootOf(() => -1)).toBeNaN();
  });
});
