/** Sizes of the benchmark. */

/** @typedef {import('./subject.d.ts').Workload} Workload */
/** @typedef {import('./subject.d.ts').Pace} Pace */

/** @satisfies {Record<string, Workload>} */
export const WORKLOADS = {
  short: { id: 'short', sequences: 1, prefill: null, decodeAt: 128, batches: [1] },
  middle: {
    id: 'middle',
    sequences: 1,
    prefill: { tokens: 512, repeats: 3 },
    decodeAt: 1024,
    batches: [1],
  },
  long: { id: 'long', sequences: 1, prefill: { tokens: 4096, repeats: 1 }, decodeAt: 4096, batches: [1] },
  batch: { id: 'batch', sequences: 16, prefill: null, decodeAt: 480, batches: [1, 4, 8, 16] },
};

/**
 * How often everything is repeated: each subject in processes of its own, or all in one process in turns. `quick` runs
 * the same workloads less often.
 *
 * @type {Record<'apart' | 'turns', Record<'full' | 'quick', Pace & { rounds: number }>>}
 */
export const PACES = {
  apart: {
    full: { rounds: 5, turns: 1, warmSteps: 4, timedSteps: 32 },
    quick: { rounds: 2, turns: 1, warmSteps: 4, timedSteps: 24 },
  },
  turns: {
    full: { rounds: 2, turns: 12, warmSteps: 1, timedSteps: 5 },
    quick: { rounds: 1, turns: 6, warmSteps: 1, timedSteps: 5 },
  },
};

/** Number of tokens per `feed` when filling a sequence: the peer's batch size, which also bounds memory. */
export const FILL_PIECE_TOKENS = 512;

/** Length of the prefix in the synthetic dialogue, the target of the intervention. */
export const SYSTEM_PREFIX_TOKENS = 96;

/** Length of each message after the system message. Each is a span; 4096 tokens have 41 spans. */
export const MESSAGE_TOKENS = 100;

/**
 * Returns the longest context that a process needs, in tokens.
 *
 * @param {Workload} workload
 * @param {Pace} pace
 */
export function contextLength({ decodeAt, batches }, { turns, warmSteps, timedSteps }) {
  // The first sequence decodes in every batch.
  return decodeAt + batches.length * turns * (warmSteps + timedSteps);
}
