import { quantile } from '../../statistics/index.js';

/** Numbers that are added one by one, kept in order for their median. */
export class SortedNumbers {
  /** In ascending order. */
  #sorted: number[] = [];
  /** Added since, in any order. */
  #added: number[] = [];

  add(number: number): void {
    this.#added.push(number);
  }

  /** Removes a number that was added; does nothing for another. */
  remove(number: number): void {
    this.#settle();
    const at = this.#placeOf(number);
    if (this.#sorted[at] === number) this.#sorted.splice(at, 1);
  }

  /** Returns the median; null without numbers. */
  median(): number | null {
    this.#settle();
    return this.#sorted.length === 0 ? null : quantile(this.#sorted, 0.5);
  }

  /** Puts the added numbers in order: a few each into its place, many by sorting all. */
  #settle(): void {
    if (this.#added.length > FEW) {
      this.#sorted = [...this.#sorted, ...this.#added].sort((a, b) => a - b);
    } else {
      for (const number of this.#added) this.#sorted.splice(this.#placeOf(number), 0, number);
    }
    this.#added = [];
  }

  /** Returns the first place whose number is at least the given one. */
  #placeOf(number: number): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]! < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** From about here on, sorting all takes less time than moving those above each. */
const FEW = 64;
