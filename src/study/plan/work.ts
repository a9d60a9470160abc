import type { Arm } from './arm.js';
import type { Cell } from './cell.js';

/** What decides how much work a cell is. */
export interface WorkParts {
  readonly kind: Cell['kind'];
  readonly measure: Cell['measure'];
  readonly arm: Arm;
  /** Parameters of the model. */
  readonly parameters: number;
  /** Rounds of the dialogue. */
  readonly rounds: number;
  /** Longest answer, in tokens. */
  readonly maxTokens: number;
  /** Answers to probes. */
  readonly probes: number;
  /** Prompts that stand in for the dialogue's own, of an influence cell. */
  readonly references: number;
  /** Those of them under which the model also answers. */
  readonly answered: number;
}

/** The time of a token that is read, in decoded tokens: about that of SmolLM2-135M in `docs/performance.md`. */
const READ = 1 / 4;
/** Tokens of a user's message, roughly. */
const MESSAGE = 32;
/** Tokens of a held-out item, roughly. A divergence reads it twice: untouched, and under the arm. */
const HELD_OUT = { kl: 2 * 512, perplexity: 512, choice: 128 } as const;

/**
 * Returns the estimated work of a cell: decoded tokens × parameters, where a token that is read counts as a quarter of a
 * decoded one. It depends on nothing but the plan, so that all machines divide a study in the same way. It need not be
 * right, only about proportional to the time.
 */
export function workOf({
  kind,
  measure,
  arm,
  parameters,
  rounds,
  maxTokens,
  probes,
  references,
  answered,
}: WorkParts): number {
  const led = rounds * (maxTokens + READ * MESSAGE);
  const tokens = {
    dialogue: led + probes * maxTokens,
    ranking: led,
    chance: probes * maxTokens,
    cost: READ * (measure === null ? 0 : HELD_OUT[measure]),
    influence: (1 + references) * READ * rounds * (maxTokens + MESSAGE) + answered * led,
  };
  const contexts = 'guidance' in arm.settings ? 2 : 1;
  return Math.max(1, Math.round(tokens[kind] * contexts) * parameters);
}
