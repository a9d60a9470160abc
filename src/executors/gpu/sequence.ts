import type { DecoderShape, Sequence } from '../contract/index.js';
import { CountedSequence } from '../contract/index.js';
import type { Device } from './device.js';
import { History } from './history.js';

/** The capacity of a new sequence in tokens; it grows by doubling. */
const FIRST_CAPACITY = 256;

/** Keys and values of one layer, as the kernel `rotate` writes them. */
export interface LayerCache {
  /** `[kvHeads, headDim / 4, capacity, 4]` */
  readonly keys: GPUBuffer;
  /** `[kvHeads, capacity, headDim]` */
  readonly values: GPUBuffer;
}

/** The buffers of all layers, for `capacity` tokens. */
export interface Room {
  readonly capacity: number;
  readonly layers: readonly LayerCache[];
}

/** A cache in buffers on the device, which grow with the dialogue. */
export class GpuSequence extends CountedSequence implements Sequence {
  /** What its tokens were computed from, in case the device is lost. */
  readonly history = new History();
  #capacity = 0;
  #layers: readonly LayerCache[] = [];
  #device: Device;

  /** @throws HoldfastError `E_EXECUTOR` if the context length is not a positive whole number */
  constructor(
    owner: object,
    device: Device,
    private readonly shape: DecoderShape,
    contextLength: number,
  ) {
    super(owner, contextLength);
    this.#device = device;
  }

  isOn(device: Device): boolean {
    return this.#device === device;
  }

  /** Takes the buffers of another sequence, on another device, that has cached the same tokens. */
  takeOver(other: GpuSequence): void {
    this.#free(this.#layers);
    this.#layers = other.#layers;
    this.#capacity = other.#capacity;
    this.#device = other.#device;
    other.#layers = [];
  }

  override truncate(length: number): void {
    super.truncate(length);
    this.history.truncate(this.length);
  }

  /** The capacity of the buffers in tokens. */
  get capacity(): number {
    return this.#capacity;
  }

  layer(index: number): LayerCache {
    return this.#layers[index]!;
  }

  /**
   * Makes larger buffers for at least `tokens` tokens. Call it inside `device.allocate`, then {@link adopt} or
   * {@link discard} the result.
   * @returns null if the buffers are large enough
   * @throws HoldfastError `E_EXECUTOR` if a buffer is larger than the device can bind
   */
  larger(tokens: number): Room | null {
    if (tokens <= this.#capacity) return null;
    const { kvHeads, headDim, layers } = this.shape;
    const perToken = kvHeads * headDim * 4;
    const doubled = Math.max(2 ** Math.ceil(Math.log2(tokens)), FIRST_CAPACITY);
    const most = Math.max(tokens, Math.floor(this.#device.largest / perToken));
    const capacity = Math.min(doubled, this.contextLength, most);
    const make = (what: string, layer: number): GPUBuffer =>
      this.#device.storage(`the ${what} of layer ${layer} for ${capacity} tokens`, perToken * capacity);
    return {
      capacity,
      layers: Array.from({ length: layers }, (_, layer) => ({
        keys: make('keys', layer),
        values: make('values', layer),
      })),
    };
  }

  /** Switches to larger buffers: copies the cached tokens and frees the smaller buffers. */
  adopt({ capacity, layers }: Room): void {
    if (this.length > 0) void this.#device.submit((encoder) => this.#copyInto(layers, capacity, encoder));
    this.#free(this.#layers);
    this.#layers = layers;
    this.#capacity = capacity;
  }

  /** Frees larger buffers that are not adopted. */
  discard({ layers }: Room): void {
    this.#free(layers);
  }

  #copyInto(grown: readonly LayerCache[], capacity: number, encoder: GPUCommandEncoder): void {
    const { kvHeads, headDim } = this.shape;
    for (const [layer, { keys, values }] of this.#layers.entries()) {
      for (let plane = 0; plane < (kvHeads * headDim) / 4; plane++) {
        const at = (tokens: number): number => plane * tokens * 16;
        encoder.copyBufferToBuffer(
          keys,
          at(this.#capacity),
          grown[layer]!.keys,
          at(capacity),
          this.length * 16,
        );
      }
      for (let head = 0; head < kvHeads; head++) {
        const at = (tokens: number): number => head * tokens * headDim * 4;
        const bytes = this.length * headDim * 4;
        encoder.copyBufferToBuffer(values, at(this.#capacity), grown[layer]!.values, at(capacity), bytes);
      }
    }
  }

  #free(layers: readonly LayerCache[]): void {
    for (const { keys, values } of layers) {
      this.#device.free(keys);
      this.#device.free(values);
    }
  }

  override dispose(): void {
    super.dispose();
    this.#free(this.#layers);
    this.#layers = [];
    this.#capacity = 0;
  }
}
