import { describe, expect, it } from 'vitest';
import { createRandom, xoshiro128 } from './random.js';

describe('random numbers', () => {
  it('equal those of the published generator', () => {
    const next = xoshiro128(Uint32Array.of(1, 2, 3, 4));
    const published = [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ];
    expect(published.map(() => next())).toEqual(published);
  });

  it('are the same for the same seed and differ for neighbouring seeds, also in the high bits', () => {
    const first = (seed: number): number[] => Array.from({ length: 4 }, createRandom(seed));
    expect(first(42)).toEqual(first(42));
    const seeds = [0, 1, 2, 42, 43, 2 ** 32, 2 ** 32 + 42, Number.MAX_SAFE_INTEGER];
    expect(new Set(seeds.map((seed) => first(seed)[0])).size).toBe(seeds.length);
  });

  it('are in [0, 1) and spread evenly', () => {
    const next = createRandom(7);
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i++) tenths[Math.floor(next() * 10)]!++;
    // The standard deviation of each count is 42.
    for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(210);
  });
});
