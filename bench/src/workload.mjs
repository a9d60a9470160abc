/** Sizes of the benchmark. Both fill the same contexts; `--quick` runs fewer rounds and repeats. */

/** @typedef {import('./subject.d.ts').Workload} Workload */

const CONTEXTS = { prefillTokens: 512, decodeAt: [128, 1024, 4096] };

/** @type {{ full: Workload & { rounds: number }, quick: Workload & { rounds: number } }} */
export const WORKLOADS = {
  full: { ...CONTEXTS, rounds: 5, prefillRepeats: 3, decodeSteps: 64 },
  quick: { ...CONTEXTS, rounds: 2, prefillRepeats: 2, decodeSteps: 32 },
};

/** Untimed steps before the timed ones, to warm up caches, clocks and compilers for every subject. */
export const WARM_STEPS = 4;

/** Number of tokens per `feed` when filling the context: the peer's batch size, which also bounds memory. */
export const FILL_PIECE_TOKENS = 512;

/** Length of the prefix in the synthetic dialogue, the target of the intervention. */
export const SYSTEM_PREFIX_TOKENS = 96;

/** Length of each message after the system message. Each is a span; 4096 tokens have 41 spans. */
export const MESSAGE_TOKENS = 100;

/**
 * Returns the longest context that a workload needs, in tokens.
 *
 * @param {Workload} workload
 */
export function contextLength(workload) {
  return Math.max(workload.prefillTokens, ...workload.decodeAt.map((at) => at + workload.decodeSteps));
}
