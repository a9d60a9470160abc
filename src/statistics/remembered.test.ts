import { describe, expect, it } from 'vitest';
import { remembered } from './remembered.js';

describe('a remembered function', () => {
  const counted = () => {
    const asked: number[] = [];
    const square = remembered((x: number) => {
      asked.push(x);
      return x === 0 ? Number.NaN : x * x;
    }, String);
    return { asked, square };
  };

  it('computes a result once, NaN too', () => {
    const { asked, square } = counted();
    expect([3, 3, 4, 0, 0].map(square)).toEqual([9, 9, 16, Number.NaN, Number.NaN]);
    expect(asked).toEqual([3, 4, 0]);
  });

  it('holds a bounded number of results', () => {
    const { asked, square } = counted();
    for (let x = 1; x <= 1000; x++) square(x);
    square(1);
    expect(asked).toHaveLength(1000);
    square(1001);
    square(1);
    expect(asked).toHaveLength(1002);
  });
});
