import { namedBy } from '../../attention/index.js';
import { randomRange } from '../../measure/index.js';
import type { TokenRange } from '../../text/index.js';
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

/** @param prefix the tokens up to the end of the system message */
export function armInDialogue(arm: Arm, system: string, prefix: TokenRange): ArmInDialogue {
  const { policy: _, strength: __, schedule: ___, ...rest } = arm.settings;
  const from = arm.settings.target === undefined ? 0 : firstToken(arm.settings.target, prefix);
  return {
    settingsAt: (tokens) => (tokens >= from ? arm.settings : { ...rest, policy: 'off' }),
    messageIn: (turn, words) =>
      arm.repeatEvery !== null && turn % arm.repeatEvery === 0 ? `${system}\n\n${words}` : words,
  };
}

/** How long a dialogue has to be for a target. */
function firstToken(target: NonNullable<Arm['settings']['target']>, prefix: TokenRange): number {
  const named = namedBy(target);
  return named.kind === 'random' ? randomRange(named.seed, prefix).end : 0;
}
