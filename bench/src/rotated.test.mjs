import assert from 'node:assert/strict';
import { it } from 'node:test';
import { rotated } from './rotated.mjs';

it('starts each round with the next subject and includes all subjects', () => {
  const orders = [0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''));
  assert.deepEqual(orders, ['abc', 'bca', 'cab', 'abc']);
});
