import { HoldfastError } from '../../errors.js';
import type { DecoderShape, Sequence } from '../contract/index.js';
import { CountedSequence } from '../contract/index.js';

/**
 * A cache in typed arrays, one for keys and one for values in each layer, `[contextLength, kvHeads, headDim]`, oldest
 * first, so that the graph reads any prefix or window of it as a view and writes new rows where they belong.
 * Arrays have their full length from the start: the system hands out zeroed pages only as they are touched.
 */
export class CpuSequence extends CountedSequence implements Sequence {
  readonly #rowSize: number;
  readonly #keys: Float32Array[];
  readonly #values: Float32Array[];

  /** @throws HoldfastError `E_EXECUTOR` when there is no room for a cache of so many tokens. */
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
        `no room for a context of ${contextLength} tokens: ${bytes} bytes`,
        { cause },
      );
    }
  }

  /** Views of tokens `[start, end)` of a layer, `[tokens, kvHeads, headDim]`; `end` may lie beyond the last token. */
  view(layer: number, start: number, end: number): { keys: Float32Array; values: Float32Array } {
    const [from, to] = [start * this.#rowSize, end * this.#rowSize];
    return { keys: this.#keys[layer]!.subarray(from, to), values: this.#values[layer]!.subarray(from, to) };
  }

  override dispose(): void {
    super.dispose();
    this.#keys.length = 0;
    this.#values.length = 0;
  }
}
