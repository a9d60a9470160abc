import { createRandom } from '../random.js';

/**
 * Seeded random choices. models/organism/recipe/chance.py makes the same choices from the same numbers, so that a seed
 * draws the same dialogue in both languages.
 */
export class Chance {
  /** Returns the next number in [0, 1). */
  readonly number: () => number;

  /** @param seed a whole number from 0 to 2^53 − 1 */
  constructor(seed: number) {
    this.number = createRandom(seed);
  }

  happens(probability: number): boolean {
    return this.number() < probability;
  }

  choose<T>(items: readonly T[]): T {
    return items[Math.floor(this.number() * items.length)]!;
  }

  /** Returns one of the items, with a probability in proportion to its weight. */
  weighted<T>(items: readonly T[], weights: readonly number[]): T {
    let left = this.number() * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, item] of items.entries()) {
      left -= weights[index]!;
      if (left < 0) return item;
    }
    return items.at(-1)!;
  }

  /** Returns the items in a random order (Fisher–Yates, from the end). */
  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let last = out.length - 1; last > 0; last--) {
      const other = Math.floor(this.number() * (last + 1));
      [out[last], out[other]] = [out[other]!, out[last]!];
    }
    return out;
  }
}
