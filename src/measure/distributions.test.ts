import { describe, expect, it } from 'vitest';
import { figures } from '../../test/support/statistics-figures.js';
import { normalCdf, studentBeyond, studentCritical } from './distributions.js';

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
});
