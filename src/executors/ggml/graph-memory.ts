import type { Backend } from './backend.js';
import type { Allocator } from './bindings.js';
import { outOfMemory } from './device.js';
import type { GraphBuilder } from './graph-builder.js';
import { allocateBlock, type Block, placeTensor } from './memory.js';

/** A block is allocated with this much more than is needed, so that it seldom has to grow. */
const RESERVE = 1.125;

/**
 * The memory of graphs that run in turns. Outputs have a block of their own. Among the tensors that ggml's allocator
 * takes back they would leave gaps, and ggml ends the process if there are more than 256.
 */
export class GraphMemory {
  #allocator: Allocator;
  #outputs: Block | null = null;

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
    if (!this.#placeOutputs(builder, forgetGraphs)) throw outOfMemory(what);
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
  #placeOutputs({ outputs }: GraphBuilder, forgetGraphs: () => void): boolean {
    const { ggml, bufferType } = this.backend;
    const alignment = ggml.alignmentOf(bufferType);
    let bytes = 0;
    const places = [...outputs].map((value) => {
      const offset = bytes;
      bytes += Math.ceil(ggml.sizeIn(bufferType, value.tensor) / alignment) * alignment;
      return { value, offset };
    });
    if (bytes === 0) return true;
    if (this.#outputs === null || this.#outputs.bytes < bytes) {
      forgetGraphs();
      this.#freeOutputs();
      this.#outputs = allocateBlock(ggml, bufferType, Math.ceil((bytes * RESERVE) / alignment) * alignment);
      if (this.#outputs === null) return false;
    }
    for (const { value, offset } of places) placeTensor(ggml, this.#outputs, value, offset);
    return true;
  }

  #freeOutputs(): void {
    if (this.#outputs !== null) this.backend.ggml.freeBuffer(this.#outputs.buffer);
    this.#outputs = null;
  }

  dispose(): void {
    this.#freeOutputs();
    this.backend.ggml.freeAllocator(this.#allocator);
  }
}
