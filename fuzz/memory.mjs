import { GCProfiler, getHeapStatistics } from 'node:v8';

/**
 * Measures from now on. `stop` returns by how many bytes the heap and all buffers of this thread grew meanwhile, garbage that
 * was not yet collected among them: the most that they had at the end or before a collection, less the least that they had at
 * the beginning or after one. What is dropped at once is seen, because it stays until a collection.
 */
export function meterMemory() {
  const profiler = new GCProfiler();
  profiler.start();
  const begun = sizeNow();
  return {
    stop() {
      const ended = sizeNow();
      const collections = profiler.stop().statistics;
      const most = Math.max(ended, ...collections.map(({ beforeGC }) => sizeOf(beforeGC)));
      const least = Math.min(begun, ...collections.map(({ afterGC }) => sizeOf(afterGC)));
      return most - least;
    },
  };
}

/** What to do between two uses of an input; null if they are not measured. */
let between = null;

/** A target that uses an input several times calls this before each use: garbage of one is no memory of the next. */
export const nextUse = () => between?.();

/** Measures by how many bytes one use of an input grows the memory at most. @param use calls `nextUse` between uses */
export async function meterUses(use, collectGarbage) {
  let [most, meter] = [0, null];
  const end = () => {
    most = Math.max(most, meter.stop());
  };
  const begin = () => {
    collectGarbage();
    meter = meterMemory();
  };
  between = () => {
    end();
    begin();
  };
  begin();
  try {
    await use();
  } finally {
    between = null;
    end();
  }
  return most;
}

function sizeNow() {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

const sizeOf = ({ heapStatistics: { usedHeapSize, externalMemory } }) => usedHeapSize + externalMemory;
