import assert from 'node:assert/strict';
import { it } from 'node:test';
import { agreement, best, summarise } from './summary.mjs';

it('interpolates the median and the 10th percentile of unsorted samples', () => {
  assert.deepEqual(summarise([4, 1, 3, 2]), { median: 2.5, p10: 1.3, count: 4 });
  assert.deepEqual(summarise([7]), { median: 7, p10: 7, count: 1 });
});

it('takes each statistic from the better of several subjects', () => {
  const figures = [
    { median: 5, p10: 4, count: 1 },
    { median: 6, p10: 3, count: 1 },
  ];
  assert.deepEqual(best(figures), { median: 5, p10: 3 });
});

it('counts the steps at which two subjects choose the same token', () => {
  const chose = (/** @type {number[]} */ ...greedy) => ({ about: {}, samples: {}, greedy });
  assert.equal(agreement([chose(1, 2), chose(3, 4)], [chose(1, 2), chose(9, 4)]), 0.75);
});
