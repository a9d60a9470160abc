import { expect, it } from 'vitest';
import { growthOf } from '../../scripts/slope.mjs';

/** Points of a line that rises by so much, now a little above it and now below. */
const rising = (by: number, noise: number, count = 20): [number, number][] =>
  Array.from({ length: count }, (_, x) => [x, 100 + by * x + (x % 2 === 0 ? noise : -noise)]);
const bound = { most: 0.5, per: '1000 requests' };

it('something grows if all of the interval of its slope is above the bound', () => {
  const { grows, text } = growthOf('memory', rising(1, 0.5), bound);
  expect(grows).toBe(true);
  expect(text).toMatch(
    /^memory: mean 109\.\d, per 1000 requests 0\.99\d \[0\.9\d+, 1\.0\d+\]; GROWS by more than 0\.5$/,
  );
});

it('something whose interval reaches above the bound is no fault, and not said to be well', () => {
  const { grows, text } = growthOf('memory', rising(0.4, 5), bound);
  expect(grows).toBe(false);
  expect(text).toContain('; not shown to grow by less than 0.5');
});

it('something whose interval is below the bound grows by less', () => {
  const { grows, text } = growthOf('memory', rising(0, 0.1), bound);
  expect(grows).toBe(false);
  expect(text).toContain('; grows by less than 0.5');
});

it('a few points are an error, not a pass', () => {
  expect(() => growthOf('memory', rising(9, 0, 7), bound)).toThrow(
    'memory: 7 points tell nothing, it takes 8',
  );
});
