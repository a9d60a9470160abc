import { totalmem } from 'node:os';
import type { DecoderShape, Precision, Sequence } from '../contract/index.js';
import { CountedSequence } from '../contract/index.js';
import type { Backend } from './backend.js';
import type { BufferHandle } from './bindings.js';
import { outOfMemory } from './device.js';
import type { GraphBuilder } from './graph-builder.js';
import { checkWithin, zeroRows } from './memory.js';
import { blockOf, type GgmlType, type TensorContext, type Value } from './tensor.js';

/** Lengths are rounded up to this many keys: rows of kernels' vectors, and the steps in which graphs are reused. */
export const KEY_STEP = 64;

/** The most sequences of an arena, and so of a batch. */
const MOST_SLOTS = 16;

/**
 * The part of memory that an arena may reserve: of the machine's, where only rows that are used take memory; of a
 * device's free memory, where all slots do.
 */
const MEMORY_PART = 1 / 4;

/** No machine has so much, and ggml would count in numbers that overflow. */
const MOST_BYTES = 2 ** 46;

/** Least tokens of a slot, so that dialogues of similar lengths share an arena. */
const LEAST_CAPACITY = 512;

/** The type of the elements of a cache. */
export type CacheType = Extract<GgmlType, 'F32' | 'F16'>;

/** The type of the cache at a precision: exact where the weights are. */
export const cacheTypeOf = (precision: Precision): CacheType => (precision === 'f32' ? 'F32' : 'F16');

/** Arenas made so far. */
let arenas = 0;

/** The keys or the values of a slot: rows of `capacity` tokens, each with `width` elements, from element `first` on. */
interface SlotPart {
  readonly first: number;
  readonly width: number;
  readonly rows: number;
}

/**
 * Memory for the caches of several sequences. A slot holds the keys of all layers, `[layers, kvHeads, capacity, headDim]`,
 * and then their values, `[layers, kvHeads, headDim, capacity]`. Attention multiplies a run of neighbouring slots in one
 * operation. Values are stored by element, because a product sums over neighbours in memory, here over the keys.
 */
export class CacheArena {
  /** Tells arenas apart. */
  readonly id = arenas++;
  readonly slots: number;
  /** All slots as one row of elements. */
  readonly memory: Value;
  /** Elements of a slot, and of one layer's keys or values in it. */
  readonly slotSize: number;
  readonly layerSize: number;
  readonly elementBytes: number;
  readonly #free: number[] = [];
  readonly #context: TensorContext;
  readonly #buffer: BufferHandle;
  /** Keys up to here are zeroed in each slot, or were written. */
  readonly #clean: Int32Array;
  #disposed = false;

  constructor(
    private readonly backend: Backend,
    readonly shape: DecoderShape,
    readonly type: CacheType,
    readonly capacity: number,
  ) {
    const { layers, kvHeads, headDim } = shape;
    this.elementBytes = blockOf(type).bytes;
    this.layerSize = kvHeads * headDim * capacity;
    this.slotSize = 2 * layers * this.layerSize;
    const slotBytes = this.slotSize * this.elementBytes;
    const what = `a context of ${capacity} tokens: ${slotBytes} bytes`;
    const most = slotsOf(backend, type, headDim, this.slotSize);
    if (most * slotBytes > MOST_BYTES) throw outOfMemory(what);
    const { slots, context, memory, buffer } = allocateSlots(backend, type, this.slotSize, most, what);
    this.slots = slots;
    this.#context = context;
    this.#buffer = buffer;
    this.memory = memory;
    this.#clean = new Int32Array(this.slots);
    for (let slot = this.slots - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  /** Takes the free slot with the lowest number, so that slots in use are neighbours; null if there is none. */
  take(): number | null {
    this.#free.sort((a, b) => b - a);
    return this.#free.pop() ?? null;
  }

  give(slot: number): void {
    this.clear(slot, 0, this.#clean[slot]!);
    this.#clean[slot] = 0;
    this.#free.push(slot);
  }

  /** Zeroes keys and values that a pass up to `end` reads and nothing has written: 0 · garbage may be NaN. */
  prepare(slot: number, end: number): void {
    if (end <= this.#clean[slot]!) return;
    this.clear(slot, this.#clean[slot]!, end);
    this.#clean[slot] = end;
  }

  /** As {@link prepare} for a copy, which writes all keys and values up to `end`. */
  overwrite(slot: number, end: number): void {
    this.#clean[slot] = Math.max(end, this.#clean[slot]!);
  }

  /** Zeroes the tokens `[start, end)` of a slot. A sequence may outlive its executor, and so its arena's memory. */
  clear(slot: number, start: number, end: number): void {
    if (end <= start || this.#disposed) return;
    checkWithin('slots of an arena', slot, 1, this.slots);
    checkWithin('tokens of a slot', start, end - start, this.capacity);
    const { capacity, elementBytes } = this;
    for (const { first, width, rows } of Object.values(this.#partsOf(slot))) {
      zeroRows(this.backend.ggml, this.memory, {
        offset: (first + start * width) * elementBytes,
        size: (end - start) * width * elementBytes,
        stride: capacity * width * elementBytes,
        count: rows,
      });
    }
  }

  /** Views the first tokens of a slot: keys, `[tokens · headDim, layers · kvHeads]`, and values, `[tokens, layers · kvHeads · headDim]`. */
  tokens(g: GraphBuilder, slot: number, tokens: number): { readonly keys: Value; readonly values: Value } {
    checkWithin('slots of an arena', slot, 1, this.slots);
    checkWithin('tokens of a slot', 0, tokens, this.capacity);
    const { capacity, elementBytes } = this;
    const view = ({ first, width, rows }: SlotPart): Value =>
      g.view(this.memory, [tokens * width, rows], [capacity * width * elementBytes], first * elementBytes);
    const { keys, values } = this.#partsOf(slot);
    return { keys: view(keys), values: view(values) };
  }

  #partsOf(slot: number): { readonly keys: SlotPart; readonly values: SlotPart } {
    const { kvHeads, headDim, layers } = this.shape;
    const first = slot * this.slotSize;
    return {
      keys: { first, width: headDim, rows: layers * kvHeads },
      values: { first: first + layers * this.layerSize, width: 1, rows: layers * kvHeads * headDim },
    };
  }

  dispose(): void {
    this.#disposed = true;
    this.backend.ggml.freeBuffer(this.#buffer);
    this.#context.free();
  }
}

/**
 * The arenas of an executor, by capacity. They stay until it is disposed of: a pass may still use the slot of a sequence
 * that is disposed of meanwhile.
 */
export class Arenas {
  readonly #arenas: CacheArena[] = [];

  constructor(
    private readonly backend: Backend,
    private readonly shape: DecoderShape,
    private readonly type: CacheType,
  ) {}

  /** Finds a free slot for a context, in a new arena if all are taken. @throws HoldfastError `E_EXECUTOR` */
  take(contextLength: number): { arena: CacheArena; slot: number } {
    const capacity = capacityOf(contextLength);
    for (const arena of this.#arenas) {
      const slot = arena.capacity === capacity ? arena.take() : null;
      if (slot !== null) return { arena, slot };
    }
    const arena = new CacheArena(this.backend, this.shape, this.type, capacity);
    this.#arenas.push(arena);
    return { arena, slot: arena.take()! };
  }

  give(arena: CacheArena, slot: number): void {
    arena.give(slot);
  }

  dispose(): void {
    for (const arena of this.#arenas.splice(0)) arena.dispose();
  }
}

/**
 * The tokens of a slot for a context: a power of two, or an eighth of one more, …, so that contexts of similar lengths
 * share an arena. A slot's values are rows of so many tokens: where these are much longer than the context, every row
 * ends in a page of memory that is mostly unused.
 */
function capacityOf(contextLength: number): number {
  const step = 2 ** Math.floor(Math.log2(Math.max(LEAST_CAPACITY, contextLength)) - 3);
  return Math.max(LEAST_CAPACITY, Math.ceil(contextLength / step) * step);
}

/** A sequence whose cache is a slot of an arena. */
export class GgmlSequence extends CountedSequence implements Sequence {
  #place: { readonly arena: CacheArena; readonly slot: number };

  /** @throws HoldfastError `E_EXECUTOR` if the context length is not a positive whole number, or memory is short */
  constructor(
    owner: object,
    private readonly arenas: Arenas,
    contextLength: number,
  ) {
    super(owner, contextLength);
    this.#place = arenas.take(contextLength);
  }

  get arena(): CacheArena {
    return this.#place.arena;
  }

  get slot(): number {
    return this.#place.slot;
  }

  /** Zeroes what it drops: a masked weight of 0 does not stop a NaN that an earlier pass left. */
  override cut(length: number): void {
    const before = this.length;
    super.cut(length);
    if (!this.isDisposed) this.#place.arena.clear(this.#place.slot, this.length, before);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    super.dispose();
    this.arenas.give(this.#place.arena, this.#place.slot);
  }
}

/** Allocates as many slots as there is memory for: a system may refuse to reserve memory that is not used yet. */
function allocateSlots(
  backend: Backend,
  type: CacheType,
  slotSize: number,
  most: number,
  what: string,
): { slots: number; context: TensorContext; memory: Value; buffer: BufferHandle } {
  for (let slots = most; ; slots = Math.floor(slots / 2)) {
    const context = backend.context(1);
    const memory = context.tensor(type, slots * slotSize);
    try {
      return { slots, context, memory, buffer: backend.allocate(context, what) };
    } catch (error) {
      context.free();
      if (slots === 1) throw error;
    }
  }
}

/** The slots of an arena: as many as memory allows, and as the device can write to as one tensor. */
function slotsOf(backend: Backend, type: CacheType, width: number, slotSize: number): number {
  const memory = backend.isProcessor ? totalmem() : backend.freeMemory;
  const slotBytes = slotSize * blockOf(type).bytes;
  const writes = (slots: number): boolean =>
    backend.couldRun((g, context) => {
      const rows = (slots * slotSize) / width;
      return g.setRows(context.tensor(type, width, rows), g.input('F32', width), g.indices('I64', rows, 1));
    });
  let slots = Math.max(1, Math.min(MOST_SLOTS, Math.floor((MEMORY_PART * memory) / slotBytes)));
  while (slots > 1 && !writes(slots)) slots = Math.floor(slots / 2);
  return slots;
}
