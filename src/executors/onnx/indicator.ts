import type { TokenRange } from '../../attention/index.js';

/**
 * A matrix `[keys, columns]` that marks the piece of each key, with at most one 1 per row. It is kept between calls,
 * and only changed rows are written, so that a step of a long dialogue does not fill it again.
 */
export class Indicator {
  #columns = 0;
  #data = new Float32Array(0);
  #column = new Int32Array(0);

  /** Returns the matrix of the first `keys` keys: a view that is valid until the next call. */
  update(
    pieces: readonly TokenRange[],
    keys: number,
  ): { readonly data: Float32Array; readonly columns: number } {
    const columns = Math.max(1, pieces.length);
    if (columns !== this.#columns || keys > this.#column.length) {
      const capacity = Math.max(256, 2 * keys);
      this.#columns = columns;
      this.#data = new Float32Array(capacity * columns);
      this.#column = new Int32Array(capacity).fill(-1);
    }
    let next = 0;
    for (let key = 0; key < keys; key++) {
      while (next < pieces.length && pieces[next]!.end <= key) next++;
      const wanted = next < pieces.length && pieces[next]!.start <= key ? next : -1;
      const written = this.#column[key]!;
      if (written === wanted) continue;
      if (written >= 0) this.#data[key * columns + written] = 0;
      if (wanted >= 0) this.#data[key * columns + wanted] = 1;
      this.#column[key] = wanted;
    }
    return { data: this.#data.subarray(0, keys * columns), columns };
  }
}
