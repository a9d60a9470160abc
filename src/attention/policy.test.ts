import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkStrength,
  identityNotice,
  isIdentity,
  mapShare,
  POLICIES,
  POLICY_RULES,
  type Policy,
  parsePolicy,
  renamedNotice,
  rowMap,
  strengthProblem,
  strengthText,
  takesStrength,
} from './policy.js';
import { log1mExp, logitBias, mapLogShare } from './row-map.js';

const fraction = fc.double({ min: 0, max: 1, noNaN: true });

/** Draws any strength that a policy takes; factors are spread over their decades. */
const strengthOf = (policy: Policy): fc.Arbitrary<number> => {
  const { minimum, maximum } = POLICY_RULES[policy];
  if (minimum === 0) return fraction.map((part) => part * maximum);
  return fraction.map((part) => Math.min(maximum, minimum * (maximum / minimum) ** part));
};
/** Draws log π, for shares from almost 0 to almost 1. */
const logShare = fc
  .double({ min: -700, max: 700, noNaN: true })
  .map((logit) => -(Math.max(-logit, 0) + Math.log1p(Math.exp(-Math.abs(logit)))));

const logit = (log: number): number => log - log1mExp(log);

describe.each(POLICIES)('%s', (policy) => {
  it('is monotone in the share, and keeps it from 0 to 1', () => {
    fc.assert(
      fc.property(fraction, fraction, strengthOf(policy), (a, b, strength) => {
        const low = mapShare(policy, Math.min(a, b), strength);
        const high = mapShare(policy, Math.max(a, b), strength);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        // exp and log round, so neighbouring shares may swap by that much.
        expect(low).toBeLessThanOrEqual(high * (1 + 1e-12));
      }),
    );
  });

  it('is monotone in the logarithm of the share, and keeps it at or below 0', () => {
    fc.assert(
      fc.property(logShare, logShare, strengthOf(policy), (a, b, strength) => {
        const map = rowMap(policy, strength);
        const low = mapLogShare(Math.min(a, b), map);
        const high = mapLogShare(Math.max(a, b), map);
        expect(high).toBeLessThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(Number.isFinite(high) ? high + 1e-12 * Math.abs(high) : high);
      }),
    );
  });

  it('lowers some share at some strength, or says that it only raises', () => {
    const { onlyRaises, minimum, maximum, identity } = POLICY_RULES[policy];
    const lowers = (log: number, strength: number): boolean =>
      mapLogShare(log, rowMap(policy, strength)) < log - 1e-12 * Math.abs(log);
    if (!onlyRaises) {
      const tried = [minimum, maximum, (identity + minimum) / 2, (identity + maximum) / 2];
      expect(tried.some((strength) => lowers(Math.log(0.9), strength))).toBe(true);
      return;
    }
    fc.assert(
      fc.property(logShare, strengthOf(policy), (log, strength) => {
        expect(lowers(log, strength)).toBe(false);
      }),
    );
  });

  it('keeps a share of 0, and one of 1 unless it lowers', () => {
    fc.assert(
      fc.property(strengthOf(policy), (strength) => {
        expect(mapShare(policy, 0, strength)).toBe(0);
        const map = rowMap(policy, strength);
        expect(mapLogShare(Number.NEGATIVE_INFINITY, map)).toBe(Number.NEGATIVE_INFINITY);
        expect(logitBias(Number.NEGATIVE_INFINITY, map)).toBe(0);
        if (!POLICY_RULES[policy].onlyRaises) return;
        expect(mapShare(policy, 1, strength)).toBe(1);
        expect(mapLogShare(0, map)).toBeCloseTo(0, 300);
        expect(logitBias(0, map)).toBe(0);
      }),
    );
  });

  it('is the same on shares as on their logarithms', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1, noNaN: true }), strengthOf(policy), (share, strength) => {
        const mapped = Math.exp(mapLogShare(Math.log(share), rowMap(policy, strength)));
        expect(Math.abs(mapShare(policy, share, strength) - mapped)).toBeLessThanOrEqual(1e-12 * mapped);
      }),
    );
  });

  it.skipIf(policy === 'off')('has an example that moves a share of 0.25 by more than 0.01', () => {
    const moved = mapShare(policy, 0.25, POLICY_RULES[policy].example) - 0.25;
    expect(Math.abs(moved)).toBeGreaterThan(0.01);
  });

  it('changes nothing, bit for bit, at its identity', () => {
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
        near(mapShare('cap', share, fraction), Math.min(share, fraction));
        near(mapShare('pasta', share, 1 / m), mapShare('boost', share, m));
        near(mapShare('sustain', share, fraction), mapShare('floor', share, fraction));
        expect(mapShare('off', share, fraction)).toBe(share);
      }),
    );
  });

  it('boost is the constant logit bias log M, however close the share is to 0 or to 1', () => {
    fc.assert(
      fc.property(logShare, strengthOf('boost'), (log, m) => {
        const bias = logitBias(log, rowMap('boost', m));
        // log π rounds to 2^-53 of itself, and the two logits are as large as it.
        const rounding = 1e-15 * (Math.abs(logit(log)) + Math.log(m) + 1);
        expect(Math.abs(bias - Math.log(m))).toBeLessThanOrEqual(4 * rounding);
      }),
    );
    expect(logitBias(-Math.exp(-38), rowMap('boost', 1e6))).toBeCloseTo(Math.log(1e6), 12);
  });

  it('boosts a target with almost the whole share by scaling the rest by 1/M', () => {
    for (const rest of [1e-3, 1e-9, 1e-20, 1e-300]) {
      const mapped = mapLogShare(Math.log1p(-rest), rowMap('boost', 50));
      const left = -Math.expm1(mapped);
      const expected = rest / (rest + 50 * (1 - rest));
      expect(Math.abs(left / expected - 1)).toBeLessThan(1e-12);
    }
  });

  it('have a logit bias that turns π into π′', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...POLICIES),
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

  it('give the target the whole share at k = 0 and at ψ = 1, which no finite bias does', () => {
    for (const map of [rowMap('split-softmax', 0), rowMap('floor', 1)]) {
      for (const log of [-1e-300, -1e-9, -1, -700, -1e5]) {
        expect(Math.exp(mapLogShare(log, map))).toBe(1);
        expect(logitBias(log, map)).toBe(Number.POSITIVE_INFINITY);
      }
    }
  });

  it('work on logarithms of shares too small for a float', () => {
    expect(mapLogShare(-1e4, rowMap('split-softmax', 1e-4))).toBeCloseTo(-1, 14);
    expect(mapLogShare(-1e4, rowMap('boost', Math.exp(10)))).toBeCloseTo(-9990, 9);
    expect(mapLogShare(-1e4, rowMap('floor', 0.25))).toBe(Math.log(0.25));
    // The same for a rest too small for a float: π rounds to 1.
    expect(mapLogShare(-0, rowMap('cap', 0.25))).toBe(Math.log(0.25));
  });

  it('lower a share to nothing at κ = 0', () => {
    expect(mapShare('cap', 0.3, 0)).toBe(0);
    expect(mapLogShare(-1, rowMap('cap', 0))).toBe(Number.NEGATIVE_INFINITY);
  });

  it('leave a share that they do not change exact to the last bit', () => {
    for (const share of [0.1, 0.3, 1 / 3]) {
      expect(mapShare('floor', share, 0.05)).toBe(share);
      expect(mapShare('cap', share, 0.5)).toBe(share);
    }
  });

  it('propagate NaN', () => {
    for (const policy of POLICIES) {
      expect(mapLogShare(Number.NaN, rowMap(policy, 0.5))).toBeNaN();
      expect(mapShare(policy, Number.NaN, 0.5)).toBeNaN();
    }
  });
});

describe('log1mExp', () => {
  it('keeps its precision at both ends', () => {
    for (const x of [1e-300, 1e-20, 1e-9]) {
      expect(Math.abs(log1mExp(-x) / Math.log(x) - 1)).toBeLessThan(1e-9);
      expect(Math.abs(log1mExp(Math.log(x)) / -x - 1)).toBeLessThan(1e-9);
    }
    expect(log1mExp(-Math.LN2)).toBeCloseTo(-Math.LN2, 15);
  });
});

describe('parsePolicy', () => {
  it('reads every name, and lists the known names when it refuses one', () => {
    for (const policy of POLICIES) expect(parsePolicy(policy)).toBe(policy);
    for (const name of ['', 'Boost', ' boost', 'toString', 'sharpen']) {
      expect(() => parsePolicy(name)).toThrow(expect.objectContaining({ code: 'E_POLICY' }));
    }
    expect(() => parsePolicy('sharpen')).toThrow(
      expect.objectContaining({
        message: `E_POLICY: "sharpen" is not a policy. Known: ${POLICIES.join(', ')}`,
      }),
    );
  });

  it('reads the former name of a policy, which is not a policy of its own', () => {
    expect(parsePolicy('hold')).toBe('sustain');
    expect(POLICIES).not.toContain('hold');
    expect(renamedNotice('hold')).toBe('the policy hold is now called sustain; --hold is split-softmax');
    for (const name of [...POLICIES, 'sharpen']) expect(renamedNotice(name), name).toBeNull();
  });
});

describe('checkStrength', () => {
  it.each(POLICIES)('accepts the limits of %s and its identity, and nothing beyond', (policy) => {
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

  it('has the identity at one end of the range and the strongest strength at the other', () => {
    for (const policy of POLICIES) {
      const { identity, minimum, maximum, stronger, example } = POLICY_RULES[policy];
      if (policy === 'off') continue;
      expect(identity, policy).toBe(stronger === 'smaller' ? maximum : minimum);
      expect(() => checkStrength(policy, example), policy).not.toThrow();
      expect(isIdentity(policy, example), policy).toBe(false);
    }
  });
});

describe('strengths', () => {
  it('are required if the policy takes one, and refused if it does not', () => {
    for (const policy of POLICIES) {
      const takes = takesStrength(policy);
      expect(strengthProblem(policy, takes), policy).toBeNull();
      expect(strengthProblem(policy, !takes), policy).toMatch(
        takes ? /needs a strength/ : /takes no strength/,
      );
    }
    expect(strengthProblem('sustain', true)).toBe(
      'the policy sustain takes no strength or schedule: it measures its own strength in the first answer',
    );
  });

  it('say which way is stronger', () => {
    expect(strengthText('split-softmax')).toBe('k: 1 leaves the share alone, smaller is stronger');
    expect(strengthText('floor')).toBe('ψ: 0 leaves the share alone, larger is stronger');
  });

  it('lead to a notice only if none of them changes anything', () => {
    expect(identityNotice('split-softmax', [1])).toBe('k = 1 changes nothing');
    expect(identityNotice('floor', [0, 0])).toBe('ψ = 0 changes nothing');
    expect(identityNotice('split-softmax', [1, 0.6])).toBeNull();
    expect(identityNotice('split-softmax', [0.99])).toBeNull();
    expect(identityNotice('sustain', [])).toBeNull();
  });
});
