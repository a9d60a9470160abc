import { HoldfastError } from '../../errors.js';

/** How many of each there may be: all together a seed of 53 bits. */
const SEEDS = 2 ** 17;
const INDICES = 2 ** 20;
const STREAMS = 2 ** 6;
const ROUNDS = 2 ** 10;

/** Seeds of all that is drawn in one dialogue. No two are the same, in this dialogue or any other. */
export interface DialogueSeeds {
  /** Of the answer of a round, from 1. */
  answer(round: number): number;
  /** Of a question put after a round; `place` is its place among them, from 0. */
  probe(round: number, place: number): number;
  /** What the user's side begins at; it may use as many after it as there are rounds. */
  readonly user: number;
}

/**
 * Seeds that depend on the dialogue, its seed and the round alone, so that arms meet the same chance.
 * @throws HoldfastError `E_SAMPLING` for a seed or an index that there are no seeds for
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
