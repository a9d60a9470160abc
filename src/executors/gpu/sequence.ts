import { LAYER_WORDS } from '../../kernels/pass.js';
import type { DecoderShape, Sequence } from '../contract/index.js';
import { CountedSequence } from '../contract/index.js';
import { Commands } from './commands.js';
import type { Device } from './device.js';
import { History } from './history.js';

/** The capacity of a new sequence in tokens; it grows by doubling. */
const FIRST_CAPACITY = 256;
const FLOAT = 4;

/** Keys and values of some key-value heads of a layer, as the kernel `rotate` writes them. */
export interface CachePart {
  readonly kvHeads: number;
  /** `[kvHeads, headDim / 4, capacity, 4]` */
  readonly keys: GPUBuffer;
  /** `[kvHeads, capacity, headDim]` */
  readonly values: GPUBuffer;
  /** The uniform `layer` of kernels that read the part. */
  readonly layer: GPUBuffer;
}

/**
 * The buffers of all layers, for `capacity` tokens. A layer has one part, or several if the device cannot bind a buffer with
 * all key-value heads.
 */
export interface Room {
  readonly capacity: number;
  readonly layers: readonly (readonly CachePart[])[];
}

/** A cache in buffers on the device, which grow with the dialogue. */
export class GpuSequence extends CountedSequence implements Sequence {
  #history = new History();
  #capacity = 0;
  #layers: Room['layers'] = [];
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

  /** The device on which its buffers are. */
  get device(): Device {
    return this.#device;
  }

  /** What its tokens were computed from, in case the device is lost. */
  get history(): History {
    return this.#history;
  }

  /** Counts the tokens of another sequence, whose buffers were copied if the device is not lost. */
  follow(from: GpuSequence): void {
    this.#history = from.history.copy();
    this.extend(from.length);
  }

  /** Takes the buffers of another sequence, on another device, that has cached the same tokens. */
  takeOver(other: GpuSequence): void {
    this.#free(this.#layers);
    this.#layers = other.#layers;
    this.#capacity = other.#capacity;
    this.#device = other.#device;
    other.#layers = [];
  }

  override cut(length: number): void {
    super.cut(length);
    this.history.truncate(this.length);
  }

  /** The capacity of the buffers in tokens. */
  get capacity(): number {
    return this.#capacity;
  }

  layer(index: number): readonly CachePart[] {
    return this.#layers[index]!;
  }

  /**
   * Makes larger buffers for at least `tokens` tokens. Call it inside `device.allocate`, submit {@link copies}, then
   * {@link adopt} or {@link discard} the result.
   * @returns null if the buffers are large enough
   * @throws HoldfastError `E_EXECUTOR` if a buffer is larger than the device can bind
   */
  larger(tokens: number): Room | null {
    if (tokens <= this.#capacity) return null;
    const { heads, kvHeads, headDim, layers } = this.shape;
    const headBytes = headDim * FLOAT;
    const most = Math.floor(this.#device.largest / headBytes);
    const doubled = Math.max(2 ** Math.ceil(Math.log2(tokens)), FIRST_CAPACITY);
    const capacity = Math.min(doubled, this.contextLength, Math.max(tokens, most));
    const headsOfPart = Math.max(1, Math.min(kvHeads, Math.floor(most / capacity)));
    const part = (layer: number, first: number): CachePart => {
      const count = Math.min(headsOfPart, kvHeads - first);
      const make = (what: string): GPUBuffer =>
        this.#device.storage(
          `the ${what} of layer ${layer} for ${capacity} tokens`,
          count * capacity * headBytes,
        );
      const words = new Uint32Array(LAYER_WORDS);
      words.set([layer * heads, first, count]);
      return {
        kvHeads: count,
        keys: make('keys'),
        values: make('values'),
        layer: this.#device.uniform(words),
      };
    };
    return {
      capacity,
      layers: Array.from({ length: layers }, (_, layer) =>
        Array.from({ length: Math.ceil(kvHeads / headsOfPart) }, (_, index) =>
          part(layer, index * headsOfPart),
        ),
      ),
    };
  }

  /** Switches to larger buffers, which {@link copies} has filled, and frees the smaller ones. */
  adopt({ capacity, layers }: Room): void {
    this.#free(this.#layers);
    this.#layers = layers;
    this.#capacity = capacity;
  }

  /** Frees larger buffers that are not adopted. */
  discard({ layers }: Room): void {
    this.#free(layers);
  }

  /** Returns commands that copy the cached tokens into larger buffers. */
  copies({ capacity, layers }: Room): Commands {
    const commands = new Commands();
    if (this.length === 0) return commands;
    const { headDim } = this.shape;
    /** Copies a head's stretches, each of so many numbers of every token. */
    const copy = (name: 'keys' | 'values', from: HeadPlace, to: HeadPlace, numbers: number): void => {
      const stretches = headDim / numbers;
      const tokenBytes = numbers * FLOAT;
      for (let stretch = 0; stretch < stretches; stretch++) {
        const at = ({ index }: HeadPlace, tokens: number): number =>
          (index * stretches + stretch) * tokens * tokenBytes;
        const [start, end] = [at(from, this.#capacity), at(to, capacity)];
        commands.copy(from.part[name], to.part[name], this.length * tokenBytes, end, start);
      }
    };
    for (const [layer, parts] of this.#layers.entries()) {
      const into = headsOf(layers[layer]!);
      for (const [head, from] of headsOf(parts).entries()) {
        const to = into[head]!;
        copy('keys', from, to, 4);
        copy('values', from, to, headDim);
      }
    }
    return commands;
  }

  #free(layers: Room['layers']): void {
    for (const { keys, values, layer } of layers.flat()) {
      for (const buffer of [keys, values, layer]) this.#device.free(buffer);
    }
  }

  override dispose(): void {
    super.dispose();
    this.#free(this.#layers);
    this.#layers = [];
    this.#capacity = 0;
  }
}

/** Where a key-value head of a layer is. */
interface HeadPlace {
  readonly part: CachePart;
  readonly index: number;
}

const headsOf = (parts: readonly CachePart[]): readonly HeadPlace[] =>
  parts.flatMap((part) => Array.from({ length: part.kvHeads }, (_, index) => ({ part, index })));
