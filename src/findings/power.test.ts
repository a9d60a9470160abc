import { describe, expect, it } from 'vitest';
import { simulateStudy } from '../../test/support/simulated-study.js';
import { clustersFor } from '../statistics/index.js';
import { analyse } from './analysis.js';
import { compareArms, compareStudies, comparisonTable } from './compare.js';
import { pilotPower, powerTable } from './power.js';

const FEW = { resamples: 300 };

describe('the power of a pilot', () => {
  const study = simulateStudy({ dialogues: 24, rounds: 10 });
  const late = (effect: number) =>
    pilotPower(study, effect).arms.filter(({ window, arm }) => window === 'late' && arm === 'growing')[0]!;

  it('needs about four times the dialogues for half the effect', () => {
    const ratio = late(0.02).needed! / late(0.04).needed!;
    expect(ratio).toBeGreaterThan(3.5);
    expect(ratio).toBeLessThan(4.3);
  });

  it("needs the pilot's number of dialogues for the pilot's detectable effect", () => {
    expect(Math.abs(late(late(0.1).detectable!).needed! - 24)).toBeLessThanOrEqual(1);
  });

  it('gives no plan from an arm that never differs', () => {
    expect(pilotPower(study, 0.1).arms.find(({ arm }) => arm === 'control')).toMatchObject({
      deviation: 0,
      detectable: null,
      needed: null,
      neededCorrected: null,
    });
  });

  it('promises nothing below what a test of so few can find, and warns of few prompts', () => {
    const small = pilotPower(simulateStudy({ dialogues: 5, rounds: 10 }), 0.3);
    for (const { detectable, needed } of small.arms) {
      expect(detectable).toBeNull(); // at best p = 2/2^5
      if (needed !== null) expect(needed).toBeGreaterThanOrEqual(6);
    }
    expect(powerTable(small).note).toMatch(/Warning: 5 clusters are too few to plan from/);
    expect(powerTable(pilotPower(study, 0.1)).note).not.toMatch(/Warning/);
    // A deviation so large that only a difference above 1 would be found.
    const rare = pilotPower(
      simulateStudy({
        dialogues: 6,
        rounds: 1,
        arms: [
          { name: 'off', start: 0.5, slope: 0 },
          { name: 'on', start: 0.8, slope: 0 },
        ],
      }),
      0.3,
    );
    for (const { detectable } of rare.arms) expect(detectable ?? 0).toBeLessThanOrEqual(1);
  });

  it('needs more dialogues to pass the correction for all tests of the report', () => {
    const { tests, arms } = pilotPower(study, 0.1);
    expect(tests).toEqual({ primary: 0, others: analyse(study, FEW)[0]!.effects.length });
    for (const { needed, neededCorrected, deviation } of arms.filter((arm) => arm.needed !== null)) {
      expect(neededCorrected).toBeGreaterThan(needed!);
      expect(neededCorrected).toBe(
        clustersFor({ effect: 0.1, standardDeviation: deviation, alpha: 0.05 / tests.others }),
      );
    }
  });

  it('needs fewer for the primary comparisons of the locked plan, which are a family of their own', () => {
    const planned = simulateStudy({
      dialogues: 20,
      rounds: 10,
      analysis: { primary: 'late stability', contrasts: [{ left: 'growing', right: 'off' }] },
    });
    const power = pilotPower(planned, 0.1);
    expect(power.tests).toEqual({ primary: 1, others: 8 });
    const [first, ...others] = power.arms;
    expect(first).toMatchObject({ arm: 'growing', window: 'late', standing: 'primary' });
    expect(first!.neededCorrected).toBe(first!.needed);
    for (const { needed, neededCorrected } of others.filter((arm) => arm.needed !== null)) {
      expect(neededCorrected).toBeGreaterThan(needed!);
    }
    expect(powerTable(power).note).toContain(
      'corrected: at 0.05 / 1 for the primary comparisons of the locked plan, and at 0.05 / 8 for the others,',
    );
  });
});

describe('a comparison', () => {
  const study = simulateStudy({ dialogues: 20, rounds: 10 });

  it('of two arms changes its sign if the arms are swapped', () => {
    const one = compareArms(study, ['growing', 'off'], FEW);
    const other = compareArms(study, ['off', 'growing'], FEW);
    expect(one.map(({ window }) => window)).toEqual(['early', 'late', 'last']);
    for (const [at, { difference, ofLeft, pHolm }] of one.entries()) {
      expect(difference.value).toBeCloseTo(-other[at]!.difference.value, 12);
      expect(ofLeft).toEqual(other[at]!.ofRight);
      expect(pHolm).toBe(other[at]!.pHolm);
    }
    expect(one[1]!.difference.low).toBeGreaterThan(0);
  });

  it('of two studies uses the dialogues that have scenario, index and seed in common', () => {
    const changed = simulateStudy({
      dialogues: 14,
      rounds: 10,
      arms: [{ name: 'off', start: 0.9, slope: 0 }],
    });
    const found = compareStudies(study, { ...changed, folder: 'other' }, ['off'], FEW);
    expect(found.map(({ clusters }) => clusters)).toEqual([14, 14, 14]);
    expect(found[1]!.difference.high).toBeLessThan(0);
    expect(found[1]).toMatchObject({
      left: 'off, simulated, tiny · organism',
      right: 'other, tiny · organism',
    });
  });

  it('of two studies is refused if their prompts may contain different dates', () => {
    const at = (now: string | null, mayWriteTime = true) => ({
      ...study,
      now,
      models: study.models.map((model) => ({ ...model, mayWriteTime })),
    });
    const [monday, tuesday] = [at('2026-03-02T00:00:00+00:00'), at('2026-03-03T00:00:00+00:00')];
    expect(() => compareStudies(monday, tuesday, ['off'], FEW)).toThrow(
      /E_USAGE: the prompts of the two studies may contain different dates: .*2026-03-02T.* and 2026-03-03T/,
    );
    expect(compareStudies(monday, monday, ['off'], FEW)).toHaveLength(3);
    expect(compareStudies(monday, at(tuesday!.now, false), ['off'], FEW)).toHaveLength(3);
  });

  it('calls no arm better on a model at the floor', () => {
    const arms = [
      { name: 'off', start: 0.02, slope: 0 },
      { name: 'held', start: 0.6, slope: 0, lift: 2 },
    ];
    const { rows } = comparisonTable(
      compareArms(simulateStudy({ arms, dialogues: 30, rounds: 10 }), ['held', 'off'], FEW),
    );
    expect(rows.map((row) => row.at(-1))).toEqual(Array(3).fill('above zero, but at the floor'));
  });

  it('says whose chance is not known, so that a model at the floor is not seen as one', () => {
    const unasked = simulateStudy({ dialogues: 20, rounds: 10, chance: null });
    const [first] = compareArms(unasked, ['growing', 'off'], FEW);
    expect(first).toMatchObject({ atFloor: false, chanceUnknown: ['simulated, tiny · organism'] });
    expect(comparisonTable([first!]).note).toContain(
      'Chance is not known for simulated, tiny · organism: whether the model is at the floor, where no arm is called better, cannot be told.',
    );
    const mixed = compareStudies(study, { ...unasked, folder: 'older' }, ['off'], FEW);
    expect(mixed[0]!.chanceUnknown).toEqual(['older, tiny · organism']);
    expect(comparisonTable(compareArms(study, ['growing', 'off'], FEW)).note).not.toContain('Chance');
  });

  it('of a study with itself finds no effect, and bounds what may have been missed', () => {
    for (const { difference, p } of compareStudies(study, study, ['off'], FEW)) {
      const most = 1 - 0.025 ** (1 / 20); // the rule of three
      expect(difference).toEqual({ value: 0, low: expect.closeTo(-most, 6), high: expect.closeTo(most, 6) });
      expect(p).toBe(1);
    }
  });
});
