import type { Backend } from './backend.js';
import type { Allocator } from './bindings.js';
import { outOfMemory } from './device.js';
import type { GraphBuilder } from './graph-builder.js';
import { allocateBlock, type Block, placeTensor } from './memory.js';

/** A block is allocated with this much more than is needed, so that it seldom has to grow. */
const RESERVE = 1.125;

/**
 * Bytes of a cache line. ggml's allocator places tensors at multiples of 32 bytes; where the first of them is half a line, all
 * that follow lie across lines, and a kernel that reads and writes 64 bytes at once takes half as long again.
 */
const LINE = 64;

/**
 * The memory of graphs that run in turns. Inputs and outputs have a block of their own, at multiples of {@link LINE}, and what is
 * left to ggml's allocator are mostly rows of whole lines. Among the tensors that it takes back, outputs would leave gaps,
 * and ggml ends the process if there are more than 256.
 */
export class GraphMemory {
  #allocator: Allocator;
  #kept: Block | null = null;

  constructor(private readonly backend: Backend) {
    this.#allocator = backend.ggml.newAllocator(backend.bufferType);
  }

  /**
   * Gives every tensor of a graph its memory.
   * @param forgetGraphs called if the memory of the graphs before is no longer valid
   * @throws HoldfastError `E_EXECUTOR` if there is not enough
   */
  give(builder: GraphBuilder, what: string, forgetGraphs: () => void): void {
    const { ggml, bufferType } = this.backend;
    if (!this.#placeKept(builder, forgetGraphs)) throw outOfMemory(what);
    const before = ggml.allocatedBytes(this.#allocator, 0);
    if (!ggml.allocateGraph(this.#allocator, builder.graph)) {
      // The allocator has freed the block that it had, before it asked for a larger one.
      forgetGraphs();
      ggml.freeAllocator(this.#allocator);
      this.#allocator = ggml.newAllocator(bufferType);
      throw outOfMemory(what);
    }
    // A larger block is another block, which the tensors of earlier graphs do not know.
    if (ggml.allocatedBytes(this.#allocator, 0) !== before) forgetGraphs();
  }

  /** @returns false if there is not enough memory for the block */
  #placeKept({ kept }: GraphBuilder, forgetGraphs: () => void): boolean {
    const { ggml, bufferType } = this.backend;
    const alignment = Math.max(LINE, ggml.alignmentOf(bufferType));
    let bytes = 0;
    const places = [...kept].map((value) => {
      const offset = bytes;
      bytes += Math.ceil(ggml.sizeIn(bufferType, value.tensor) / alignment) * alignment;
      return { value, offset };
    });
    if (bytes === 0) return true;
    if (this.#kept === null || this.#kept.bytes < bytes) {
      forgetGraphs();
      this.#freeKept();
      this.#kept = allocateBlock(ggml, bufferType, Math.ceil((bytes * RESERVE) / alignment) * alignment);
      if (this.#kept === null) return false;
    }
    for (const { value, offset } of places) placeTensor(ggml, this.#kept, value, offset);
    return true;
  }

  #freeKept(): void {
    if (this.#kept !== null) this.backend.ggml.freeBuffer(this.#kept.buffer);
    this.#kept = null;
  }

  dispose(): void {
    this.#freeKept();
    this.backend.ggml.freeAllocator(this.#allocator);
  }
}
