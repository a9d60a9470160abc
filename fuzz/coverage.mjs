/**
 * Which branches of the code the inputs of a run took, how often, and the inputs that took one first, or with the fewest bytes.
 * The counters are those of the latest input: see `instrument.mjs`.
 */
export class Coverage {
  #counters;
  #words;
  /** For each branch, one bit for each magnitude of its count that some input reached. */
  #reached;
  /** For each branch that was taken, the index of the shortest input that takes it. */
  #shortest = new Map();
  /** The shortest of all branches; found again after something new was reached. */
  #favoured = null;
  /** Inputs that reached something new, and the branches that each takes. */
  #kept = [];
  #taken = [];

  /** @param counters as many bytes as there are branches, a multiple of four */
  constructor(counters) {
    this.#counters = counters;
    this.#words = new Int32Array(counters.buffer, counters.byteOffset, counters.length / 4);
    this.#reached = new Uint8Array(counters.length);
  }

  /** Forgets the latest input. */
  clear() {
    this.#counters.fill(0);
  }

  /** Keeps the latest input if a branch has a count of a magnitude that it had never before. @returns whether it is kept */
  learn(input) {
    const taken = [];
    let isNew = false;
    for (let word = 0; word < this.#words.length; word++) {
      if (this.#words[word] === 0) continue;
      for (let branch = 4 * word; branch < 4 * word + 4; branch++) {
        const count = this.#counters[branch];
        if (count === 0) continue;
        taken.push(branch);
        const bit = 1 << Math.min(7, 32 - Math.clz32(count) - 1);
        if ((this.#reached[branch] & bit) === 0) {
          this.#reached[branch] |= bit;
          isNew = true;
        }
        const known = this.#shortest.get(branch);
        if (known === undefined || this.#kept[known].length > input.length) {
          this.#shortest.set(branch, this.#kept.length);
          isNew = true;
        }
      }
    }
    if (isNew) {
      this.#kept.push(input);
      this.#taken.push(Uint32Array.from(taken));
      this.#favoured = null;
    }
    return isNew;
  }

  /** An input that reached something new. */
  any(random) {
    return random.pick(this.#kept);
  }

  /** An input that is the shortest of some branch. */
  short(random) {
    this.#favoured ??= [...new Set(this.#shortest.values())];
    return this.#kept[random.pick(this.#favoured)];
  }

  /** All branches that were taken. */
  branches() {
    return new Set(this.#shortest.keys());
  }

  /**
   * Returns a few inputs that together take every branch that was taken but for some: first the one that takes most of what is
   * left, then the next. Of two, the shorter.
   * @param onChosen called for each, because it takes long
   */
  cover(without, onChosen) {
    const left = this.branches();
    for (const branch of without) left.delete(branch);
    const order = this.#kept.map((_, index) => index);
    order.sort((a, b) => this.#kept[a].length - this.#kept[b].length);
    const chosen = [];
    while (left.size > 0) {
      const adds = (index) => this.#taken[index].reduce((sum, branch) => sum + (left.has(branch) ? 1 : 0), 0);
      let [best, most] = [-1, 0];
      for (const index of order) {
        const added = adds(index);
        if (added > most) [best, most] = [index, added];
      }
      chosen.push(this.#kept[best]);
      onChosen();
      for (const branch of this.#taken[best]) left.delete(branch);
    }
    return chosen;
  }
}
