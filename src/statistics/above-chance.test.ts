import { describe, expect, it } from 'vitest';
import { changeRangeAboveChance, rangeAboveChance } from './above-chance.js';
import { bootstrap } from './bootstrap.js';
import { NO_INTERVAL } from './bounded.js';
import { differenceOf, meanOf } from './statistic.js';

const same = (size: number, sum: number) => Array.from({ length: size }, () => ({ sum, count: 1 }));

/** The interval of stability above chance of prompts that all score `stability`, and `chance` by chance. */
function tied(size: number, stability: number, chance: number) {
  const range = rangeAboveChance(meanOf(same(size, stability)), meanOf(same(size, chance)));
  const scores = Array.from({ length: size }, () => ({ sum: stability - chance, count: 1 - chance }));
  return bootstrap(size, meanOf(scores), { range });
}

describe('stability above chance where prompts are equal', () => {
  // The rule of three: 40 equal scores of 0 or 1 bound the mean to 1 − .025^(1/40) of the range.
  const least = 1 - 0.025 ** (1 / 40);

  it('is at most 1, and at least what the bounds of stability and chance leave', () => {
    const { value, low, high } = tied(40, 1, 0);
    expect([value, high]).toEqual([1, 1]);
    // Half as wide as the range −1…1 would make it, but for the uncertainty of chance.
    expect(low).toBeCloseTo((1 - least - least) / (1 - least), 9);
  });

  it('includes values below zero at the floor, because chance is not known exactly', () => {
    const { value, low, high } = tied(40, 0, 0);
    expect(value).toBe(0);
    expect(low).toBeCloseTo(-least / (1 - least), 9);
    expect(high).toBeCloseTo(least, 9);
  });

  it('may be far below −1 where chance is high', () => {
    expect(tied(40, 0, 0.75).value).toBeCloseTo(-3, 9);
    expect(tied(40, 0, 0.75).low).toBeLessThan(-3);
  });

  it('cannot be told where every answer passes by chance, whatever the prompts score', () => {
    for (const stability of [1, 0.8, 0]) {
      expect(tied(40, stability, 1)).toEqual({ value: Number.NaN, low: Number.NaN, high: Number.NaN });
    }
  });

  it('has no interval if some resamples have only probes that every answer passes by chance', () => {
    // One prompt in five can show something: it is in none of a third of the resamples.
    const chances = [1, 1, 1, 1, 0];
    const scores = [1, 0.5, 1, 1, 1].map((score, at) => ({
      sum: score - chances[at]!,
      count: 1 - chances[at]!,
    }));
    const { value, low, high } = bootstrap(5, meanOf(scores));
    expect([value, low, high]).toEqual([0.5, Number.NaN, Number.NaN]);
  });

  it('has ends that are numbers or not told, never infinite', () => {
    const certain = { low: 1, high: 1 };
    const whole = { low: 0, high: 1 };
    const one = meanOf(same(1, 1));
    for (const chance of [certain, whole]) {
      expect(rangeAboveChance(one, one).ends([whole, chance])).toEqual(NO_INTERVAL);
      expect(changeRangeAboveChance(one, one).ends([{ low: -1, high: 1 }, chance])).toEqual(NO_INTERVAL);
    }
  });

  it('changes by as much as the change of stability divided by what chance leaves', () => {
    const [late, early] = [meanOf(same(40, 1)), meanOf(same(40, 1))];
    const range = changeRangeAboveChance(differenceOf(late, early), meanOf(same(40, 0.5)));
    const { value, low, high } = bootstrap(40, differenceOf(late, early), { range });
    expect(value).toBe(0);
    // ±least for differences in −1…1, over 1 − c with c at the upper end of chance.
    const chance = 0.5 + 0.5 * least;
    expect(high).toBeCloseTo(least / (1 - chance), 9);
    expect(low).toBeCloseTo(-least / (1 - chance), 9);
  });
});
