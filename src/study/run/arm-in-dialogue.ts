import { type TargetContext, tokensNeeded } from '../../attention/index.js';
import type { Arm } from '../plan/index.js';

/** Applies an arm to a dialogue, turn by turn. */
export interface ArmInDialogue {
  /**
   * Returns the settings of the next turn. A random span does not exist until the dialogue is long enough; until then
   * the policy is off.
   * @param tokens length of the dialogue so far
   */
  settingsAt(tokens: number): Arm['settings'];
  /**
   * Returns the user's message of a turn, after the system prompt if the arm repeats it in this turn.
   * @param turn number of the turn, from 1, including the given exchanges
   */
  messageIn(turn: number, words: string): string;
}

/** @param prompt the first prompt of the dialogue */
export function armInDialogue(arm: Arm, system: string, prompt: TargetContext): ArmInDialogue {
  const { policy: _, strength: __, schedule: ___, ...rest } = arm.settings;
  const { target } = arm.settings;
  const from = target === undefined ? 0 : tokensNeeded(target, prompt);
  return {
    settingsAt: (tokens) => (tokens >= from ? arm.settings : { ...rest, policy: 'off' }),
    messageIn: (turn, words) =>
      arm.repeatEvery !== null && turn % arm.repeatEvery === 0 ? `${system}\n\n${words}` : words,
  };
}
