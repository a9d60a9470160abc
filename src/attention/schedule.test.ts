import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { POLICIES, POLICY_RULES, type PolicyRule } from './policy.js';
import { mapShareBy, rowMapOf } from './row-map.js';
import {
  checkSchedule,
  type DialoguePoint,
  parseSchedule,
  type Schedule,
  scheduleBounds,
  scheduledStrength,
  strengthForMeanShare,
} from './schedule.js';

const point: DialoguePoint = { turn: 1, tokens: 100, targetTokens: 100 };
const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const between = (value: number, a: number, b: number): boolean =>
  value >= Math.min(a, b) && value <= Math.max(a, b);

describe('a constant schedule', () => {
  it('is the same throughout the dialogue', () => {
    const schedule: Schedule = { kind: 'constant', strength: 0.7 };
    for (const turn of [1, 5, 90]) {
      expect(
        scheduledStrength('split-softmax', schedule, { ...point, turn, tokens: turn * 50 }).strength,
      ).toBe(0.7);
    }
  });
});

describe('a schedule per turn', () => {
  const schedule: Schedule = { kind: 'per-turn', from: 1, to: 0.6, step: 0.04 };
  const at = (turn: number): number =>
    scheduledStrength('split-softmax', schedule, { ...point, turn }).strength;

  it('falls from 1 in the first turn by 0.04 a turn to 0.6 in the eleventh, and stays there', () => {
    expect(at(1)).toBe(1);
    expect(at(2)).toBe(0.96);
    expect(at(6)).toBeCloseTo(0.8, 15);
    for (const turn of [11, 12, 40, 1e6]) expect(at(turn)).toBe(0.6);
    for (let turn = 1; turn < 11; turn++) expect(at(turn + 1)).toBeLessThan(at(turn));
  });

  it('rises as well as falls', () => {
    const strengths = [1, 2, 3, 4].map(
      (turn) =>
        scheduledStrength('boost', { kind: 'per-turn', from: 1, to: 2.2, step: 0.5 }, { ...point, turn })
          .strength,
    );
    expect(strengths).toEqual([1, 1.5, 2, 2.2]);
  });

  it('starts at `from`, moves only towards `to`, and never beyond it', () => {
    fc.assert(
      fc.property(fraction, fraction, fraction, fc.nat(60), (from, to, step, turns) => {
        const rise: Schedule = { kind: 'per-turn', from, to, step };
        const strength = (turn: number): number =>
          scheduledStrength('floor', rise, { ...point, turn }).strength;
        expect(strength(1)).toBe(from);
        const now = strength(1 + turns);
        expect(between(now, from, to)).toBe(true);
        expect(between(strength(2 + turns), now, to)).toBe(true);
      }),
    );
  });
});

describe('a schedule per token', () => {
  it('is from + rate·ln(tokens / target), and `from` while the dialogue is no longer than the target', () => {
    const schedule: Schedule = { kind: 'per-token', from: 1, to: 0.6, rate: 0.1 };
    const at = (tokens: number): number =>
      scheduledStrength('split-softmax', schedule, { ...point, tokens, targetTokens: 50 }).strength;
    expect(at(0)).toBe(1);
    expect(at(20)).toBe(1);
    expect(at(50)).toBe(1);
    expect(at(500)).toBeCloseTo(1 - 0.1 * Math.log(10), 15);
    expect(at(1e9)).toBe(0.6);
  });

  it('only moves towards `to` as the dialogue grows, and never beyond it', () => {
    fc.assert(
      fc.property(
        fraction,
        fraction,
        fraction,
        fc.nat(500),
        fc.nat(1e6),
        fc.nat(1e6),
        (from, to, rate, targetTokens, a, b) => {
          const schedule: Schedule = { kind: 'per-token', from, to, rate };
          const at = (tokens: number): number =>
            scheduledStrength('floor', schedule, { turn: 1, tokens, targetTokens }).strength;
          const early = at(Math.min(a, b));
          expect(between(early, from, to)).toBe(true);
          expect(between(at(Math.max(a, b)), early, to)).toBe(true);
        },
      ),
    );
  });
});

describe('a target schedule', () => {
  it('changes nothing before shares have been measured', () => {
    for (const policy of POLICIES) {
      expect(scheduledStrength(policy, { kind: 'target', share: 0.9 }, point).strength).toBe(
        POLICY_RULES[policy].identity,
      );
    }
  });

  it('is the strength for the mean of the latest shares', () => {
    const shares = Float32Array.of(0.1, 0.2, 0.4);
    const schedule: Schedule = { kind: 'target', share: 0.5 };
    expect(scheduledStrength('boost', schedule, { ...point, shares }).strength).toBe(
      strengthForMeanShare(POLICY_RULES.boost, shares, 0.5).strength,
    );
  });
});

describe('strengthForMeanShare', () => {
  /** A rule that raises small shares and lowers large ones, which no policy does so far: min(max(π, w/2), 1 − w/2). */
  const TWO_SIDED: PolicyRule = {
    ...POLICY_RULES.floor,
    formula: 'min(max(π, w/2), 1 − w/2)',
    map: (w) => ({ floor: w / 2, cap: 1 - w / 2 }),
    onlyRaises: false,
    symbol: 'w',
  };
  const acting: readonly (readonly [name: string, rule: PolicyRule])[] = [
    ...POLICIES.filter((policy) => policy !== 'off').map((policy) => [policy, POLICY_RULES[policy]] as const),
    ['a rule that raises and lowers', TWO_SIDED],
  ];
  const meanUnder = ({ map }: PolicyRule, shares: Float32Array, strength: number): number => {
    let sum = 0;
    for (const share of shares) sum += mapShareBy(rowMapOf(map(strength)), share);
    return sum / shares.length;
  };
  const strongest = ({ stronger, minimum, maximum }: PolicyRule): number =>
    stronger === 'smaller' ? minimum : maximum;
  const shares = fc
    .array(fc.oneof(fraction, fc.constantFrom(0, 1, 1e-30)), { minLength: 1, maxLength: 40 })
    .map((values) => Float32Array.from(values));

  it.each(acting)('brings the mean under %s to the requested one if it can', (_, rule) => {
    fc.assert(
      fc.property(shares, fraction, (seen, place) => {
        const weakest = meanUnder(rule, seen, rule.identity);
        const most = meanUnder(rule, seen, strongest(rule));
        const wanted = weakest + place * (most - weakest);
        const { strength, missed } = strengthForMeanShare(rule, seen, wanted);
        expect(missed === null || Math.abs(meanUnder(rule, seen, strength) - wanted) < 1e-12).toBe(true);
        expect(strength).toBeGreaterThanOrEqual(rule.minimum);
        expect(strength).toBeLessThanOrEqual(rule.maximum);
        expect(Math.abs(meanUnder(rule, seen, strength) - wanted)).toBeLessThan(1e-6);
      }),
    );
  });

  it.each(acting)(
    'changes nothing under %s if every strength moves the mean away from the requested one',
    (_, rule) => {
      fc.assert(
        fc.property(shares, fraction, (seen, part) => {
          const mean = meanUnder(rule, seen, rule.identity);
          const means = Array.from({ length: 1001 }, (_, step) =>
            meanUnder(rule, seen, rule.minimum + (step / 1000) * (rule.maximum - rule.minimum)),
          );
          // Beyond the identity, on the side that no strength reaches. A rule that moves the mean both ways has none.
          if (Math.min(...means) >= mean) {
            const found = strengthForMeanShare(rule, seen, part * mean);
            expect(found).toEqual({ strength: rule.identity, missed: part * mean === mean ? null : 'above' });
          }
          if (Math.max(...means) <= mean) {
            const wanted = mean + part * (1 - mean);
            const found = strengthForMeanShare(rule, seen, wanted);
            expect(found).toEqual({ strength: rule.identity, missed: wanted === mean ? null : 'below' });
          }
        }),
      );
    },
  );

  it.each(acting)('takes the strongest strength of %s if the mean is out of reach', (_, rule) => {
    // A head that cannot see the target stays at 0, whatever the policy.
    const seen = Float32Array.of(0, 0, 0.5, 0.1);
    const raises = meanUnder(rule, seen, strongest(rule)) > meanUnder(rule, seen, rule.identity);
    const found = strengthForMeanShare(rule, seen, raises ? 0.8 : 0);
    expect(found.strength).toBeCloseTo(strongest(rule), 15);
    expect(found.missed).toBe(raises ? 'below' : null);
  });

  it('finds a mean that the strongest strength has passed again', () => {
    // The mean rises from .417 to .533 at w = .8, then falls to .5 at w = 1: (w/2 + .6 + .6) / 3 = .52 at w = .72.
    const seen = Float32Array.of(0.05, 0.6, 0.6);
    expect(strengthForMeanShare(TWO_SIDED, seen, 0.52).strength).toBeCloseTo(0.72, 6);
  });

  it('comes as close as it can to a mean beyond the peak', () => {
    const strength = strengthForMeanShare(TWO_SIDED, Float32Array.of(0.05, 0.6, 0.6), 0.9).strength;
    expect(Math.abs(strength - 0.8)).toBeLessThan(1 / 64);
  });

  it('lowers a mean with cap', () => {
    // min(.5, κ) + min(.1, κ) = 4 · .1 at κ = .3
    const seen = Float32Array.of(0, 0, 0.5, 0.1);
    expect(strengthForMeanShare(POLICY_RULES.cap, seen, 0.1).strength).toBeCloseTo(0.3, 7);
  });

  it.each(acting)('refuses an empty list of shares under %s', (_, rule) => {
    expect(() => strengthForMeanShare(rule, new Float32Array(), 0.5)).toThrow(/E_STRENGTH.*at least one/);
  });

  it('changes nothing with the policy off', () => {
    expect(strengthForMeanShare(POLICY_RULES.off, Float32Array.of(0.1), 0.9).strength).toBe(1);
  });
});

describe('parseSchedule', () => {
  it('reads each kind', () => {
    expect(parseSchedule('constant', 0.3)).toEqual({ kind: 'constant', strength: 0.3 });
    expect(parseSchedule('per-turn:1,0.6,0.04', 9)).toEqual({
      kind: 'per-turn',
      from: 1,
      to: 0.6,
      step: 0.04,
    });
    expect(parseSchedule('per-token:1, .6, 1e-2', 9)).toEqual({
      kind: 'per-token',
      from: 1,
      to: 0.6,
      rate: 0.01,
    });
    expect(parseSchedule('target:0', 9)).toEqual({ kind: 'target', share: 0 });
  });

  it('reads numbers back bit for bit', () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    const distance = number.map(Math.abs);
    fc.assert(
      fc.property(number, number, distance, fraction, (from, to, step, share) => {
        expect(parseSchedule(`per-turn:${from},${to},${step}`, 1)).toEqual({
          kind: 'per-turn',
          from,
          to,
          step,
        });
        expect(parseSchedule(`per-token:${from},${to},${step}`, 1)).toEqual({
          kind: 'per-token',
          from,
          to,
          rate: step,
        });
        expect(parseSchedule(`target:${share}`, 1)).toEqual({ kind: 'target', share });
      }),
    );
  });

  it('refuses anything else, and says what to write', () => {
    for (const text of [
      '',
      'Constant',
      'constant:',
      'constant:0.5',
      'per-turn',
      'per-turn:1,0.6',
      'per-turn:1,0.6,0.04,2',
      // A missing number is not 0.
      'per-turn:1,,0.04',
      'per-turn:1, ,0.04',
      'per-token:1,x,0.1',
      'per-token:1,0.6,Infinity',
      'per-turn:1,0.6,-0.04',
      'per-token:1,0.6,-1',
      'target:',
      'target:1.01',
      'target:-0.1',
      'target:NaN',
      // Trailing text is not ignored.
      'target:0.5:0.9',
      'per-turn:1,0.6,0.04:junk',
      'linear:1,2,3',
    ]) {
      expect(() => parseSchedule(text, 1), text).toThrow(
        expect.objectContaining({
          code: 'E_POLICY',
          message: expect.stringContaining(
            `"${text}" is not a schedule. Write constant, per-turn:FROM,TO,STEP`,
          ),
        }),
      );
    }
  });
});

describe('checkSchedule', () => {
  it('accepts every kind at the limits of its ranges', () => {
    for (const schedule of [
      { kind: 'constant', strength: 0 },
      { kind: 'per-turn', from: 1, to: 0, step: 0 },
      { kind: 'per-token', from: 0, to: 1, rate: 1e6 },
      { kind: 'target', share: 0 },
      { kind: 'target', share: 1 },
    ] as const) {
      checkSchedule('split-softmax', schedule);
    }
  });

  it('refuses a number that is out of range or missing, and says which', () => {
    for (const [schedule, message] of [
      [
        { kind: 'target', share: 5 },
        /E_STRENGTH: a target schedule takes a share from 0 to 1, not 5 \(field share\)/,
      ],
      [{ kind: 'target', share: -0.1 }, /share/],
      [{ kind: 'target', share: Number.NaN }, /share/],
      [{ kind: 'per-turn', from: 1, to: 0.6 }, /E_STRENGTH: a per-turn schedule takes a step.*not undefined/],
      [{ kind: 'per-turn', from: 1, to: 0.6, step: -0.1 }, /step.*not -0\.1/],
      [{ kind: 'per-token', from: 1, to: 0.6, rate: Number.POSITIVE_INFINITY }, /rate.*not Infinity/],
      [{ kind: 'per-turn', from: 1.5, to: 0.6, step: 0.1 }, /E_STRENGTH: split-softmax takes k.*not 1\.5/],
      [{ kind: 'per-token', from: 1, to: -1, rate: 0.1 }, /E_STRENGTH: split-softmax takes k.*not -1/],
      [{ kind: 'constant' }, /E_STRENGTH: split-softmax takes k.*not undefined/],
      [{ kind: 'linear', from: 1, to: 0 }, /E_POLICY: "linear" is not a kind of schedule/],
    ] as const) {
      // As an untyped caller might pass it.
      expect(() => checkSchedule('split-softmax', schedule as unknown as Schedule)).toThrow(message);
    }
  });
});

describe('scheduleBounds', () => {
  it('are the limits of the strengths', () => {
    fc.assert(
      fc.property(fraction, fraction, fraction, fc.nat(100), (from, to, step, turn) => {
        const schedules: Schedule[] = [
          { kind: 'constant', strength: from },
          { kind: 'per-turn', from, to, step },
          { kind: 'per-token', from, to, rate: step },
        ];
        for (const schedule of schedules) {
          const bounds = scheduleBounds(schedule);
          const strength = scheduledStrength('floor', schedule, {
            ...point,
            turn,
            tokens: turn * turn,
          }).strength;
          expect(between(strength, Math.min(...bounds), Math.max(...bounds)), schedule.kind).toBe(true);
        }
      }),
    );
    expect(scheduleBounds({ kind: 'target', share: 0.5 })).toEqual([]);
  });
});
