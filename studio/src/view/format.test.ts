import { describe, expect, it } from 'vitest';
import { turningPoints } from './format.js';

describe('the turning points of strengths', () => {
  it.each([
    [[0.6, 0.6, 0.6], [0.6]],
    [
      [0.6, 0.6, 0.1],
      [0.6, 0.1],
    ],
    [
      [0.6, 0.1, 0.1, 0.6],
      [0.6, 0.1, 0.6],
    ],
    [
      [1, 0.9, 0.8, 0.7],
      [1, 0.7],
    ],
    [
      [1, 0.9, 0.9, 0.5, 0.7, 0.8, 0.2],
      [1, 0.5, 0.8, 0.2],
    ],
    [[], []],
  ])('of %j are %j', (values, points) => {
    expect(turningPoints(values)).toEqual(points);
  });
});
