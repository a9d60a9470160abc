/** Measures the memory of this thread from now on; `stop` returns by how many bytes it grew at most. */
export function meterMemory(): { stop(): number };
