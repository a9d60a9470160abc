import { HoldfastError } from '../../errors.js';
import type { Sequence } from '../contract.js';
import type { GraphShape } from './graph-shape.js';

/**
 * A cache in typed arrays, one for keys and one for values in each layer, `[contextLength, kvHeads, headDim]`, oldest
 * first, so that the graph reads any prefix or window of it as a view and only new rows are ever copied.
 * Arrays have their full length from the start: the system hands out zeroed pages only as they are touched.
 */
export class CpuSequence implements Sequence {
  #length = 0;
  #disposed = false;
  readonly #rowSize: number;
  readonly #keys: Float32Array[];
  readonly #values: Float32Array[];

  constructor(
    { layers, kvHeads, headDim }: GraphShape,
    readonly contextLength: number,
  ) {
    this.#rowSize = kvHeads * headDim;
    const arrays = (): Float32Array[] =>
      Array.from({ length: layers }, () => new Float32Array(contextLength * this.#rowSize));
    this.#keys = arrays();
    this.#values = arrays();
  }

  get length(): number {
    return this.#length;
  }

  /** @throws HoldfastError `E_DISPOSED` */
  assertUsable(): void {
    if (this.#disposed) throw new HoldfastError('E_DISPOSED', 'the sequence has been disposed of');
  }

  /** Views of tokens `[start, end)` of a layer, `[tokens, kvHeads, headDim]`. */
  view(layer: number, start: number, end: number): { keys: Float32Array; values: Float32Array } {
    const [from, to] = [start * this.#rowSize, end * this.#rowSize];
    return { keys: this.#keys[layer]!.subarray(from, to), values: this.#values[layer]!.subarray(from, to) };
  }

  /** Appends new rows of all layers, each `[layers, tokens, kvHeads, headDim]`. */
  append(keys: Float32Array, values: Float32Array): void {
    const size = keys.length / this.#keys.length;
    for (let layer = 0; layer < this.#keys.length; layer++) {
      const at = this.#length * this.#rowSize;
      this.#keys[layer]!.set(keys.subarray(layer * size, (layer + 1) * size), at);
      this.#values[layer]!.set(values.subarray(layer * size, (layer + 1) * size), at);
    }
    this.#length += size / this.#rowSize;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, Math.max(0, length));
  }

  dispose(): void {
    this.#disposed = true;
    this.#length = 0;
    this.#keys.length = 0;
    this.#values.length = 0;
  }
}
