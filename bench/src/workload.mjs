/** How much is measured. Both sizes fill the same contexts; `--quick` takes fewer rounds and repeats. */

/** @typedef {import('./subject.d.ts').Workload} Workload */

const CONTEXTS = { prefillTokens: 512, decodeAt: [128, 1024, 4096] };

/** @type {{ full: Workload & { rounds: number }, quick: Workload & { rounds: number } }} */
export const WORKLOADS = {
  full: { ...CONTEXTS, rounds: 5, prefillRepeats: 3, decodeSteps: 64 },
  quick: { ...CONTEXTS, rounds: 2, prefillRepeats: 2, decodeSteps: 32 },
};

/** Untimed steps before the timed ones, so that caches, clocks and compilers are warm for every subject alike. */
export const WARM_STEPS = 4;

/** The context is filled in pieces of this many tokens: the peer's batch size, and bounded memory for anyone. */
export const FILL_PIECE_TOKENS = 512;

/** Where the system message ends in the made-up dialogue; the target of the intervention. */
export const SYSTEM_PREFIX_TOKENS = 96;

/** Length of each message after the system message: a span each, 41 spans in all at 4096 tokens. */
export const MESSAGE_TOKENS = 100;

/** @param {Workload} workload */
export function contextLength(workload) {
  return Math.max(workload.prefillTokens, ...workload.decodeAt.map((at) => at + workload.decodeSteps));
}
