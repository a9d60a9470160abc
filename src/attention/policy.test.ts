import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkStrength,
  isIdentity,
  log1mExp,
  logitBias,
  mapLogShare,
  mapShare,
  POLICIES,
  POLICY_RULES,
  parsePolicy,
  type RowPolicy,
  rowMap,
} from './policy.js';

const ROW_POLICIES: readonly RowPolicy[] = ['off', 'split-softmax', 'boost', 'floor'];
const fraction = fc.double({ min: 0, max: 1, noNaN: true });

/** Every strength a row policy takes; multipliers are spread over their six decades. */
const strengthOf: Record<RowPolicy, fc.Arbitrary<number>> = {
  off: fraction,
  'split-softmax': fraction,
  boost: fraction.map((exponent) => Math.min(1e6, 10 ** (6 * exponent))),
  floor: fraction,
};
/** log π from a share of almost nothing to one that is short of 1 by almost nothing. */
const logShare = fc
  .double({ min: -700, max: 700, noNaN: true })
  .map((logit) => -(Math.max(-logit, 0) + Math.log1p(Math.exp(-Math.abs(logit)))));

const logit = (log: number): number => log - log1mExp(log);

describe.each(ROW_POLICIES)('%s', (policy) => {
  it('is monotone in the share, and keeps it from 0 to 1', () => {
    fc.assert(
      fc.property(fraction, fraction, strengthOf[policy], (a, b, strength) => {
        const low = mapShare(policy, Math.min(a, b), strength);
        const high = mapShare(policy, Math.max(a, b), strength);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        // exp and log round: two shares that are neighbours may change places by as much.
        expect(low).toBeLessThanOrEqual(high * (1 + 1e-12));
      }),
    );
  });

  it('is monotone in the logarithm of the share, and keeps it at or below 0', () => {
    fc.assert(
      fc.property(logShare, logShare, strengthOf[policy], (a, b, strength) => {
        const map = rowMap(policy, strength);
        const low = mapLogShare(Math.min(a, b), map);
        const high = mapLogShare(Math.max(a, b), map);
        expect(high).toBeLessThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(high + 1e-12 * Math.abs(high));
      }),
    );
  });

  it('never takes from the target', () => {
    fc.assert(
      fc.property(logShare, strengthOf[policy], (log, strength) => {
        const mapped = mapLogShare(log, rowMap(policy, strength));
        expect(mapped).toBeGreaterThanOrEqual(log - 1e-12 * Math.abs(log));
      }),
    );
  });

  it('keeps 0 and 1', () => {
    fc.assert(
      fc.property(strengthOf[policy], (strength) => {
        expect(mapShare(policy, 0, strength)).toBe(0);
        expect(mapShare(policy, 1, strength)).toBe(1);
        const map = rowMap(policy, strength);
        expect(mapLogShare(Number.NEGATIVE_INFINITY, map)).toBe(Number.NEGATIVE_INFINITY);
        expect(mapLogShare(0, map)).toBe(0);
        expect(logitBias(0, map)).toBe(0);
        expect(logitBias(Number.NEGATIVE_INFINITY, map)).toBe(0);
      }),
    );
  });

  it('is the same on shares as on their logarithms', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1, noNaN: true }), strengthOf[policy], (share, strength) => {
        const mapped = Math.exp(mapLogShare(Math.log(share), rowMap(policy, strength)));
        expect(Math.abs(mapShare(policy, share, strength) - mapped)).toBeLessThanOrEqual(1e-12 * mapped);
      }),
    );
  });

  it('changes nothing, to the last bit, at the strength that is called its identity', () => {
    const { identity } = POLICY_RULES[policy];
    expect(isIdentity(policy, identity)).toBe(true);
    fc.assert(
      fc.property(logShare, fraction, (log, share) => {
        expect(mapLogShare(log, rowMap(policy, identity))).toBe(log);
        expect(mapShare(policy, share, identity)).toBe(share);
        expect(logitBias(log, rowMap(policy, identity))).toBe(0);
      }),
    );
  });
});

describe('policies', () => {
  it('are the formulas of their papers', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1, noNaN: true }), fraction, (share, fraction) => {
        const m = 10 ** (6 * fraction);
        const near = (found: number, expected: number): void =>
          expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-12 * expected);
        near(mapShare('split-softmax', share, fraction), share ** fraction);
        near(mapShare('boost', share, m), (m * share) / (m * share + 1 - share));
        near(mapShare('floor', share, fraction), Math.max(share, fraction));
        expect(mapShare('off', share, fraction)).toBe(share);
      }),
    );
  });

  it('boost is the constant logit bias log M, however close the share is to 0 or to 1', () => {
    fc.assert(
      fc.property(logShare, strengthOf.boost, (log, m) => {
        const bias = logitBias(log, rowMap('boost', m));
        // log π rounds to 2^-53 of itself, and the two logits are as large as it.
        const rounding = 1e-15 * (Math.abs(logit(log)) + Math.log(m) + 1);
        expect(Math.abs(bias - Math.log(m))).toBeLessThanOrEqual(4 * rounding);
      }),
    );
    expect(logitBias(-Math.exp(-38), rowMap('boost', 1e6))).toBeCloseTo(Math.log(1e6), 12);
  });

  it('boosts a target that has almost everything by leaving the rest 1/M of what it had', () => {
    for (const rest of [1e-3, 1e-9, 1e-20, 1e-300]) {
      const mapped = mapLogShare(Math.log1p(-rest), rowMap('boost', 50));
      const left = -Math.expm1(mapped);
      const expected = rest / (rest + 50 * (1 - rest));
      expect(Math.abs(left / expected - 1)).toBeLessThan(1e-12);
    }
  });

  it('give a bias that brings one share to the other', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ROW_POLICIES),
        fc.double({ min: -300, max: -1e-3, noNaN: true }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (policy, log, fraction) => {
          const map = rowMap(policy, policy === 'boost' ? 1 / fraction : fraction);
          const after = logit(log) + logitBias(log, map);
          expect(Math.abs(after - logit(mapLogShare(log, map)))).toBeLessThan(1e-12 * (1 + Math.abs(log)));
        },
      ),
    );
  });

  it('give the target everything at k = 0 and at ψ = 1, which no finite bias does', () => {
    for (const map of [rowMap('split-softmax', 0), rowMap('floor', 1)]) {
      for (const log of [-1e-300, -1e-9, -1, -700, -1e5]) {
        expect(Math.exp(mapLogShare(log, map))).toBe(1);
        expect(logitBias(log, map)).toBe(Number.POSITIVE_INFINITY);
      }
    }
  });

  it('take logarithms of shares that no float can hold', () => {
    expect(mapLogShare(-1e4, rowMap('split-softmax', 1e-4))).toBeCloseTo(-1, 14);
    expect(mapLogShare(-1e4, rowMap('boost', Math.exp(10)))).toBeCloseTo(-9990, 9);
    expect(mapLogShare(-1e4, rowMap('floor', 0.25))).toBe(Math.log(0.25));
  });

  it('pass NaN on instead of hiding it', () => {
    for (const policy of ROW_POLICIES) {
      expect(mapLogShare(Number.NaN, rowMap(policy, 0.5))).toBeNaN();
      expect(mapShare(policy, Number.NaN, 0.5)).toBeNaN();
    }
  });
});

describe('log1mExp', () => {
  it('keeps its precision on both ends', () => {
    for (const x of [1e-300, 1e-20, 1e-9]) {
      expect(Math.abs(log1mExp(-x) / Math.log(x) - 1)).toBeLessThan(1e-9);
      expect(Math.abs(log1mExp(Math.log(x)) / -x - 1)).toBeLessThan(1e-9);
    }
    expect(log1mExp(-Math.LN2)).toBeCloseTo(-Math.LN2, 15);
  });
});

describe('parsePolicy', () => {
  it('reads every name and refuses others with those there are', () => {
    for (const policy of POLICIES) expect(parsePolicy(policy)).toBe(policy);
    for (const name of ['', 'Boost', ' boost', 'toString', 'sharpen']) {
      expect(() => parsePolicy(name)).toThrow(expect.objectContaining({ code: 'E_POLICY' }));
    }
    expect(() => parsePolicy('sharpen')).toThrow(
      '"sharpen" is not a policy. Known: off, split-softmax, boost, pasta, floor, hold',
    );
  });
});

describe('checkStrength', () => {
  it.each(POLICIES)('takes the borders of %s and its identity, and nothing beyond', (policy) => {
    const { minimum, maximum, identity, symbol } = POLICY_RULES[policy];
    for (const strength of [minimum, maximum, identity]) {
      expect(() => checkStrength(policy, strength)).not.toThrow();
    }
    for (const strength of [minimum - 1e-7, 2 * maximum, Number.NaN, Infinity, -Infinity]) {
      expect(() => checkStrength(policy, strength)).toThrow(
        expect.objectContaining({
          code: 'E_STRENGTH',
          message: `E_STRENGTH: ${policy} takes ${symbol} from ${minimum} to ${maximum}, not ${strength}`,
        }),
      );
    }
  });

  it('knows each policy as a row policy that does the same', () => {
    const shares = [0, 1e-30, 0.2, 0.9, 1];
    for (const share of shares) {
      expect(mapShare('boost', share, POLICY_RULES.pasta.rowStrength(0.25))).toBe(
        mapShare('boost', share, 4),
      );
      expect(POLICY_RULES.hold.row).toBe('floor');
      expect(mapShare('floor', share, POLICY_RULES.hold.rowStrength(0.3))).toBe(
        mapShare('floor', share, 0.3),
      );
    }
    for (const policy of POLICIES) {
      const { row, identity, rowStrength } = POLICY_RULES[policy];
      expect(isIdentity(row, rowStrength(identity)), policy).toBe(true);
    }
  });
});
