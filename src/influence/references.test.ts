import { expect, it } from 'vitest';
import { closestInLength } from './references.js';

it('chooses the closest in length that differs, and of equally close ones the next in the circle', () => {
  const texts = ['aaaa', 'bb', 'cccc', 'dddddd', 'aaaa'];
  expect(closestInLength(texts, 0)).toBe('cccc');
  expect(closestInLength(texts, 1)).toBe('cccc');
  expect(closestInLength(texts, 2)).toBe('aaaa');
  expect(closestInLength(texts, 3)).toBe('aaaa');
  expect(closestInLength(['a', 'a'], 0)).toBeNull();
});
