import { describe, expect, it } from 'vitest';
import { armOf, recordOf, referenceOf } from '../../test/support/record-fixtures.js';
import { armEffect } from './arm-effect.js';
import type { TrialRoundRecord } from './run-trial.js';

/** Returns the rounds of a trial with these scores. */
const trialOf = (...scores: number[]): TrialRoundRecord[] =>
  scores.map((score, index) => recordOf(index + 1, { end: score }));

/** The interval of a difference that is the same in two trials: differences are −1 to 1. */
const sameInTwo = (value: number) => {
  const rest = 1 - 0.025 ** (1 / 2);
  const close = (number: number) => expect.closeTo(number, 6);
  return {
    value: close(value),
    low: close(value - rest * (value + 1)),
    high: close(value + rest * (1 - value)),
  };
};

describe('the effect of an arm', () => {
  const off = armOf([trialOf(1, 1, 1, 1, 1, 1, 1, 1, 1, 0), trialOf(1, 1, 0, 0, 0, 0, 0, 0, 0, 0)]);

  it('is estimated for round 1, rounds 1 to 3, rounds 8 and later, and the last round', () => {
    const arm = armOf([trialOf(1, 0, 1, 1, 1, 1, 0, 1, 0, 1), trialOf(0, 1, 1, 0, 0, 0, 1, 0, 0, 1)]);
    const { first, early, late, last } = armEffect(off, arm);
    expect(first.value).toBe(-0.5);
    expect(early.value).toBeCloseTo((2 + 2 - 5) / 6, 12);
    expect(late.value).toBeCloseTo((2 + 1 - 2) / 6, 12);
    expect(last).toEqual(sameInTwo(1));
  });

  it('is paired: differences between trials add no noise', () => {
    const changed = (by: (score: number) => number) =>
      armOf(off.trials.map((rounds) => trialOf(...rounds.map(({ probes }) => by(probes[0]!.score)))));
    const lowered = armEffect(
      off,
      changed((score) => score - 0.25),
    );
    for (const part of ['first', 'early', 'late', 'last'] as const) {
      expect(lowered[part], part).toEqual(sameInTwo(-0.25));
    }
    // 0 becomes 0.5 and 1 stays: in rounds 8 to 10 the trials gain 0.5 once and three times.
    const { late } = armEffect(
      off,
      changed((score) => score / 2 + 0.5),
    );
    expect(late).toMatchObject({ low: expect.closeTo(0.5 / 3, 9), high: expect.closeTo(0.5, 9) });
  });

  it('includes the loss per token over the same rounds, if there are reference passes', () => {
    const pass = (...losses: number[]) => losses.map((loss) => referenceOf(10, loss));
    const read = (passes: ReturnType<typeof pass>[]) => armOf(off.trials, passes);
    const before = read([pass(1, 1, 1, 9, 9, 9, 9, 2, 2, 2), pass(5, 5, 5, 9, 9, 9, 9, 8, 8, 8)]);
    const after = read([pass(2, 2, 2, 0, 0, 0, 0, 1, 1, 1), pass(6, 6, 6, 0, 0, 0, 0, 7, 7, 7)]);
    const { earlyLoss, lateLoss } = armEffect(before, after);
    for (const [estimate, value] of [
      [earlyLoss!, 0.1],
      [lateLoss!, -0.1],
    ] as const) {
      // Paired: the same in both trials. A loss has no range, so there is no interval.
      expect(estimate).toEqual({ value: expect.closeTo(value, 12), low: NaN, high: NaN });
    }
    expect(armEffect(off, off)).toMatchObject({ earlyLoss: null, lateLoss: null });
  });

  it('is NaN only over rounds that a short trial does not have', () => {
    const short = armOf([trialOf(1, 0, 0), trialOf(1, 1, 0)]);
    const { late, last } = armEffect(short, armOf([trialOf(1, 0, 1), trialOf(1, 1, 1)]));
    expect(late).toEqual({ value: NaN, low: NaN, high: NaN });
    expect(last).toEqual(sameInTwo(1));
  });
});
