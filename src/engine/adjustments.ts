import { HoldfastError } from '../errors.js';

/**
 * Changes to the logits that the next token is drawn from, as the OpenAI API defines them:
 *
 *   logit′(i) = logit(i) + bias(i) − frequency · n(i) − presence · [n(i) > 0]
 *
 * n(i) is how often the answer has token i so far. The prompt does not count, unlike for the repetition penalty.
 */
export interface LogitAdjustments {
  /** Token id → number from −100 to 100. Near the ends, a token is in effect forbidden or certain. */
  readonly bias?: ReadonlyMap<number, number>;
  /** From −2 to 2; default: 0. */
  readonly presence?: number;
  /** From −2 to 2; default: 0. */
  readonly frequency?: number;
}

const MOST_BIAS = 100;
const MOST_PENALTY = 2;

/**
 * Checks adjustments.
 * @throws HoldfastError `E_SAMPLING` naming the option and its range
 */
export function checkAdjustments(
  { bias, presence = 0, frequency = 0 }: LogitAdjustments,
  vocab: number,
): void {
  const refuse = (what: string, field: string): never => {
    throw new HoldfastError('E_SAMPLING', what, { field });
  };
  for (const [field, value] of Object.entries({ presence, frequency })) {
    if (!(Math.abs(value) <= MOST_PENALTY)) {
      refuse(`${field} takes a number from −${MOST_PENALTY} to ${MOST_PENALTY}, not ${value}`, field);
    }
  }
  for (const [id, value] of bias ?? []) {
    if (!Number.isInteger(id) || id < 0 || id >= vocab) {
      refuse(`a bias names token ${id}: ids are 0 to ${vocab - 1}`, 'bias');
    }
    if (!(Math.abs(value) <= MOST_BIAS)) {
      refuse(`the bias of token ${id} must be from −${MOST_BIAS} to ${MOST_BIAS}, not ${value}`, 'bias');
    }
  }
}

/** Applies adjustments during one answer. */
export interface Adjuster {
  /** Whether it changes any logit. */
  readonly changes: boolean;
  /** Returns the adjusted logits, `[vocab]`; the same array if nothing changes. */
  apply(logits: Float32Array): Float32Array;
  /** Counts a token of the answer. */
  count(id: number): void;
}

/** Creates an adjuster for a new answer. */
export function createAdjuster({
  bias = new Map(),
  presence = 0,
  frequency = 0,
}: LogitAdjustments): Adjuster {
  const counts = new Map<number, number>();
  const changes = bias.size > 0 || presence !== 0 || frequency !== 0;
  return {
    changes,
    apply(logits) {
      if (!changes) return logits;
      const adjusted = logits.slice();
      for (const [id, value] of bias) adjusted[id]! += value;
      for (const [id, count] of counts) adjusted[id]! -= presence + frequency * count;
      return adjusted;
    },
    count(id) {
      if (changes) counts.set(id, (counts.get(id) ?? 0) + 1);
    },
  };
}
