import { withReminder } from '../../dialogue/index.js';
import type { Arm } from '../plan/index.js';

/**
 * Returns the user's message of a turn: after the system prompt, if the arm repeats it in this turn.
 * @param turn number of the turn, from 1, including the given exchanges
 */
export function messageUnder({ repeatEvery }: Arm, system: string, turn: number, words: string): string {
  return repeatEvery !== null && turn % repeatEvery === 0 ? withReminder(system, words) : words;
}
