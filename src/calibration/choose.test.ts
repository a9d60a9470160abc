import { describe, expect, it } from 'vitest';
import { type Candidate, chooseSetting } from './choose.js';

const setting = (name: string, gain: readonly number[], cost: readonly number[]): Candidate => {
  const estimate = ([value, low, high]: readonly number[]) => ({ value: value!, low: low!, high: high! });
  return { name, gain: estimate(gain), beyond: null, cost: estimate(cost) };
};
const BUDGET = 0.02;

describe('the choice of a setting', () => {
  it('is the one with the highest lower end of its gain, not the one with the highest gain', () => {
    const sure = setting('sure', [0.2, 0.15, 0.25], [0.01, 0.008, 0.012]);
    const large = setting('large', [0.4, 0.05, 0.75], [0.01, 0.008, 0.012]);
    expect(chooseSetting([large, sure], BUDGET)).toEqual({ name: 'sure', why: null });
  });

  it('is never one that may cost more than the budget', () => {
    const dear = setting('dear', [0.9, 0.8, 1], [0.019, 0.015, 0.021]);
    const cheap = setting('cheap', [0.1, 0.05, 0.15], [0.005, 0.004, 0.02]);
    expect(chooseSetting([dear, cheap], BUDGET).name).toBe('cheap');
    expect(chooseSetting([dear], BUDGET)).toEqual({ name: null, why: 'budget' });
    expect(chooseSetting([dear], 0.021).name).toBe('dear');
  });

  it('goes to the cheaper of two with the same lower end', () => {
    const a = setting('a', [0.2, 0.1, 0.3], [0.01, 0.01, 0.01]);
    const b = setting('b', [0.3, 0.1 + 1e-9, 0.5], [0.005, 0.005, 0.005]);
    expect(chooseSetting([a, b], BUDGET).name).toBe('b');
    expect(chooseSetting([b, a], BUDGET).name).toBe('b');
  });

  it('may fall on a setting that is not certain to help, which the confirmation then decides', () => {
    expect(chooseSetting([setting('a', [0.1, -0.1, 0.3], [0, 0, 0])], BUDGET).name).toBe('a');
  });

  it('is none where nothing gains, and where no interval is known', () => {
    const worse = setting('worse', [-0.1, -0.2, 0.1], [0.001, 0.001, 0.002]);
    const none = setting('none', [0, 0, 0], [0, 0, 0]);
    const few = setting('few', [0.5, Number.NaN, Number.NaN], [0, 0, 0]);
    expect(chooseSetting([worse, none, few], BUDGET)).toEqual({ name: null, why: 'gain' });
    expect(chooseSetting([], BUDGET)).toEqual({ name: null, why: 'budget' });
  });
});
