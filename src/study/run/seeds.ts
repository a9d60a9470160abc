import { HoldfastError } from '../../errors.js';

/** Limits of each number. Together they fill the 53 bits of a safe integer. */
const SEEDS = 2 ** 17;
const INDICES = 2 ** 20;
const STREAMS = 2 ** 6;
const ROUNDS = 2 ** 10;

/** The random seeds of one dialogue. No two are equal, in this dialogue or any other. */
export interface DialogueSeeds {
  /** Returns the seed of the answer of a round, from 1. */
  answer(round: number): number;
  /** Returns the seed of an answer to a probe after a round; `place` is from 0, and counts repeated probes too. */
  probe(round: number, place: number): number;
  /** First seed of the user's side, which may add the number of the round to it. */
  readonly user: number;
}

/**
 * Returns random seeds that depend only on the dialogue, its seed and the round, so that all arms draw the same numbers.
 * @throws HoldfastError `E_SAMPLING` for a seed or an index out of range
 */
export function dialogueSeeds(seed: number, index: number): DialogueSeeds {
  check('seed', seed, SEEDS);
  check('index', index, INDICES);
  const at = (stream: number, round: number): number => {
    check('round', round, ROUNDS);
    check('probe', stream, STREAMS);
    return ((seed * INDICES + index) * STREAMS + stream) * ROUNDS + round;
  };
  return {
    answer: (round) => at(0, round),
    user: at(1, 0),
    probe: (round, place) => at(2 + place, round),
  };
}

function check(field: string, value: number, count: number): void {
  if (Number.isInteger(value) && value >= 0 && value < count) return;
  throw new HoldfastError('E_SAMPLING', `a dialogue takes a ${field} from 0 to ${count - 1}, not ${value}`, {
    field,
  });
}
