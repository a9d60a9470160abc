import { HoldfastError } from '../../errors.js';
import type { DecoderShape, Sequence } from '../contract/index.js';
import { CountedSequence } from '../contract/index.js';

/**
 * A cache in typed arrays, one for keys and one for values in each layer, `[contextLength, kvHeads, headDim]`, oldest
 * first. The graph reads any prefix or window as a view, and writes new rows in place. Arrays have their full length
 * from the start; the operating system provides memory only for pages that are used.
 */
export class OnnxSequence extends CountedSequence implements Sequence {
  readonly #rowSize: number;
  readonly #keys: Float32Array[];
  readonly #values: Float32Array[];

  /** @throws HoldfastError `E_EXECUTOR` if there is not enough memory for the cache */
  constructor(owner: object, { layers, kvHeads, headDim }: DecoderShape, contextLength: number) {
    super(owner, contextLength);
    this.#rowSize = kvHeads * headDim;
    const arrays = (): Float32Array[] =>
      Array.from({ length: layers }, () => new Float32Array(contextLength * this.#rowSize));
    try {
      this.#keys = arrays();
      this.#values = arrays();
    } catch (cause) {
      const bytes = 2 * layers * contextLength * this.#rowSize * Float32Array.BYTES_PER_ELEMENT;
      throw new HoldfastError(
        'E_EXECUTOR',
        `not enough memory for a context of ${contextLength} tokens: ${bytes} bytes`,
        { cause },
      );
    }
  }

  /**
   * Returns views of a layer's tokens `[start, end)`, `[tokens, kvHeads, headDim]`; `end` may be past the last token.
   */
  view(layer: number, start: number, end: number): { keys: Float32Array; values: Float32Array } {
    const [from, to] = [start * this.#rowSize, end * this.#rowSize];
    return { keys: this.#keys[layer]!.subarray(from, to), values: this.#values[layer]!.subarray(from, to) };
  }

  /** Copies all tokens of another sequence of the same shape into this one, which is empty. */
  fill(from: OnnxSequence): void {
    for (const layer of this.#keys.keys()) {
      const { keys, values } = from.view(layer, 0, from.length);
      this.#keys[layer]!.set(keys);
      this.#values[layer]!.set(values);
    }
    this.extend(from.length);
  }

  override dispose(): void {
    super.dispose();
    this.#keys.length = 0;
    this.#values.length = 0;
  }
}
