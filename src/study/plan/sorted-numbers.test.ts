import { describe, expect, it } from 'vitest';
import { createRandom } from '../../random.js';
import { SortedNumbers } from './sorted-numbers.js';

describe('the median of numbers that are added one by one', () => {
  it('is null without numbers, and the mean of the middle two of an even number', () => {
    const numbers = new SortedNumbers();
    expect(numbers.median()).toBeNull();
    numbers.remove(1);
    numbers.add(3);
    expect(numbers.median()).toBe(3);
    numbers.add(1);
    expect(numbers.median()).toBe(2);
  });

  it('is that of all that were added and not removed, however many come between two looks', () => {
    const random = createRandom(1);
    const numbers = new SortedNumbers();
    const all: number[] = [];
    for (let step = 0; step < 300; step++) {
      const count = step % 7 === 0 ? 100 : 1;
      for (let each = 0; each < count; each++) {
        const number = Math.floor(random() * 50); // so that many are equal
        numbers.add(number);
        all.push(number);
      }
      if (step % 3 === 0) numbers.remove(all.splice(Math.floor(random() * all.length), 1)[0]!);
      const sorted = all.toSorted((a, b) => a - b);
      const middle = sorted.length / 2;
      expect(numbers.median()).toBe((sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2);
    }
    expect(all.length).toBeGreaterThan(3000);
  });
});
