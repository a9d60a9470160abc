import type { Backend } from './backend.js';
import { outOfMemory } from './device.js';
import type { GgmlSequence } from './sequence.js';

/** Of each of keys and values: two views and a copy. */
const NODES = 2 * 3;

/**
 * Copies the keys and values of all tokens of a sequence into another, empty one, in the same arena or in another of the same
 * model. No pass may run meanwhile.
 * @throws HoldfastError `E_EXECUTOR`
 */
export async function copyCache(backend: Backend, from: GgmlSequence, to: GgmlSequence): Promise<void> {
  const { length } = from;
  if (length === 0) return;
  to.arena.overwrite(to.slot, length);
  const { builder, context } = backend.graph(NODES);
  const allocator = backend.ggml.newAllocator(backend.bufferType);
  try {
    const read = from.arena.tokens(builder, from.slot, length);
    const written = to.arena.tokens(builder, to.slot, length);
    builder.expand(builder.copy(read.keys, written.keys));
    builder.expand(builder.copy(read.values, written.values));
    backend.require(builder.graph);
    if (!backend.ggml.allocateGraph(allocator, builder.graph)) {
      throw outOfMemory(`a copy of the cache of ${length} tokens`);
    }
    await backend.run(builder.graph);
    to.extend(length);
  } finally {
    backend.ggml.freeAllocator(allocator);
    context.free();
  }
}
